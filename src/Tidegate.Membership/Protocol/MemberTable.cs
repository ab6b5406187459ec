using System.Net;

namespace Tidegate.Membership.Protocol;

/// <summary>Everyone who is known, this member included, by name and by address.</summary>
internal sealed class MemberTable
{
    private readonly List<MemberRecord> _all = [];
    private readonly Dictionary<string, MemberRecord> _byName = [];
    private readonly Dictionary<MemberAddress, MemberRecord> _byAddress = [];

    internal int Count => _all.Count;

    /// <summary>Alive and suspect members, this one included.</summary>
    internal int Live { get; private set; }

    /// <summary>Of the living, those that somebody suspects.</summary>
    internal int Suspected { get; private set; }

    /// <summary>Members that failed.</summary>
    internal int Failed { get; private set; }

    internal MemberRecord this[int index] => _all[index];

    internal MemberRecord? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Who sends from this address; null where nobody is known to.</summary>
    internal MemberRecord? At(in MemberAddress address) => _byAddress.GetValueOrDefault(Plain(address));

    internal void Add(MemberRecord record)
    {
        record.Index = _all.Count;
        _all.Add(record);
        _byName.Add(record.Name, record);
        Tally(record.Status, 1);
    }

    internal void Remove(MemberRecord record)
    {
        MemberRecord last = _all[^1];
        _all[record.Index] = last;
        last.Index = record.Index;
        _all.RemoveAt(_all.Count - 1);
        record.Index = -1;
        _byName.Remove(record.Name);
        Forget(record);
        Tally(record.Status, -1);
    }

    internal void SetStatus(MemberRecord record, MemberStatus status, long now, bool isPrivate = false)
    {
        Tally(record.Status, -1);
        record.SetStatus(status, now, isPrivate);
        Tally(status, 1);
    }

    /// <summary>Notes the record's address. Of two members at one address the living and then the later is found.</summary>
    internal void Locate(MemberRecord record)
    {
        MemberAddress key = Plain(record.Address);
        if (!_byAddress.TryGetValue(key, out MemberRecord? other) || !other.IsSelf)
        {
            _byAddress[key] = record;
        }
    }

    /// <summary>Removes the record's address, before it moves or goes.</summary>
    internal void Forget(MemberRecord record)
    {
        MemberAddress key = Plain(record.Address);
        if (_byAddress.TryGetValue(key, out MemberRecord? found) && found == record)
        {
            _byAddress.Remove(key);
        }
    }

    /// <summary>Picks up to <paramref name="wanted"/> different members that <paramref name="take"/> accepts, at random.</summary>
    internal void Pick(Random random, int wanted, List<MemberRecord> picked, Func<MemberRecord, bool> take)
    {
        picked.Clear();
        int count = _all.Count;

        // Where most are acceptable a few tries do; where few are, a walk from a random place finds them all.
        for (int tries = 3 * wanted; tries > 0 && picked.Count < wanted && count > 0; tries--)
        {
            MemberRecord candidate = _all[random.Next(count)];
            if (take(candidate) && !picked.Contains(candidate))
            {
                picked.Add(candidate);
            }
        }

        int start = count == 0 ? 0 : random.Next(count);
        for (int i = 0; i < count && picked.Count < wanted; i++)
        {
            MemberRecord candidate = _all[(start + i) % count];
            if (take(candidate) && !picked.Contains(candidate))
            {
                picked.Add(candidate);
            }
        }
    }

    // Packets from an agent that gives its IPv4 address in 16 bytes come from 4.
    private static MemberAddress Plain(in MemberAddress address) =>
        address.Bytes.Length == 16 && new IPAddress(address.Bytes).IsIPv4MappedToIPv6
            ? MemberAddress.From(Wire.RawBytes.CopyOf(address.Bytes[12..]), address.Port)
            : address;

    private void Tally(MemberStatus status, int change)
    {
        if (status is MemberStatus.Alive or MemberStatus.Suspect)
        {
            Live += change;
            Suspected += status == MemberStatus.Suspect ? change : 0;
        }
        else if (status == MemberStatus.Dead)
        {
            Failed += change;
        }
    }
}
