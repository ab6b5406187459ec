using System.Buffers;
using Tidegate.Membership.Serf;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Registry;

/// <summary>
/// The records of all members (specification, section 4). Each is written by its owner only, and the newest wins. A record is in view while its owner is
/// up; while it is down it is kept out of view, so that a return needs no re-sending.
/// </summary>
internal sealed partial class RecordRegistry
{
    private readonly ISerfHost _host;
    private readonly string _name;
    private readonly Action<string, PublishedRecord?> _changed;
    private readonly Dictionary<string, PublishedRecord> _records = [];
    private readonly Dictionary<string, SerfPeer> _gateways = [];
    private readonly HashSet<string> _up = [];
    private readonly ulong _instance;
    private readonly long _began;
    private int _bytes;

    /// <param name="host">Whoever runs this.</param>
    /// <param name="name">One's own name.</param>
    /// <param name="instance">This life: the time it began, in milliseconds since 1970, so that it is higher than that of any earlier life under this name.</param>
    /// <param name="changed">Told of each change of the view: the owner, and its record, or null where it has none in view any more.</param>
    internal RecordRegistry(ISerfHost host, string name, ulong instance, Action<string, PublishedRecord?> changed)
    {
        _host = host;
        _name = name;
        _instance = instance;
        _began = host.Now;
        _changed = changed;
    }

    internal RegistryCounters Counters { get; } = new();

    /// <summary>Records kept, those out of view and withdrawn included.</summary>
    internal int Count => _records.Count;

    /// <summary>The record of a member that is up and has published one.</summary>
    internal PublishedRecord? Find(string owner) =>
        _up.Contains(owner) && _records.TryGetValue(owner, out PublishedRecord? record) && !record.IsWithdrawn ? record : null;

    /// <summary>The highest instance that is taken now. It moves with this process's own time, which no one sets.</summary>
    private ulong LatestInstance => Math.Max(_instance, RegistryLimits.Earliest) + (ulong)(_host.Now - _began) + RegistryLimits.Ahead;

    /// <summary>All records in view.</summary>
    internal IReadOnlyList<PublishedRecord> View() => [.. _records.Values.Where(record => Find(record.Owner) is not null)];

    /// <summary>Publishes one's own record in place of an earlier one. To be called after what it promises is there.</summary>
    /// <exception cref="ArgumentException">The payload is longer than 64 KiB, or nil.</exception>
    internal void Publish(RawBytes payload)
    {
        if (payload.IsNil || payload.Length > RegistryLimits.Payload)
        {
            throw new ArgumentException(
                $"A record may have {RegistryLimits.Payload} bytes, and must have a payload, even if empty; this one has {(payload.IsNil ? "none" : payload.Length)}.",
                nameof(payload));
        }

        Write(payload);
    }

    /// <summary>Withdraws one's own record. To be called before what it promises goes.</summary>
    internal void Withdraw()
    {
        if (_records.TryGetValue(_name, out PublishedRecord? own) && !own.IsWithdrawn)
        {
            Write(RawBytes.Nil);
        }
    }

    /// <summary>Records that someone sent.</summary>
    /// <param name="bytes">The body of a message of type 200, or what stands under <c>Tg</c>.</param>
    internal void Received(ReadOnlySpan<byte> bytes)
    {
        if (!RecordList.TryRead(bytes, out List<PublishedRecord> records))
        {
            Counters.Unreadable++;
            return;
        }

        foreach (PublishedRecord record in records)
        {
            if (record.Instance > LatestInstance)
            {
                Counters.Ahead++;
            }
            else if (record.Owner == _name)
            {
                AnswerForeign(record);
            }
            else
            {
                Take(record);
            }
        }
    }

    /// <summary>All records, for a push/pull.</summary>
    internal RawBytes WriteAll()
    {
        ArrayBufferWriter<byte> output = new();
        RecordList.Write(output, _records.Values);
        return RawBytes.CopyOf(output.WrittenSpan);
    }

    /// <summary>A member has appeared, or is back, or its tags have changed.</summary>
    internal void MemberChanged(SerfPeer peer)
    {
        if (peer.Name != _name && peer.SpeaksSerf && Tags.IsGateway(peer.Meta))
        {
            _gateways[peer.Name] = peer;
        }
        else
        {
            _gateways.Remove(peer.Name);
        }

        if (_up.Add(peer.Name) && _records.TryGetValue(peer.Name, out PublishedRecord? record))
        {
            _digest += record.Hash();
            Noted();
            Show(record);
        }
    }

    /// <summary>A member is down: its record goes out of view at once.</summary>
    internal void MemberDown(string name)
    {
        _gateways.Remove(name);
        bool inView = Find(name) is not null;
        if (_up.Remove(name) && _records.TryGetValue(name, out PublishedRecord? record))
        {
            _digest -= record.Hash();
            Noted();
            if (inView)
            {
                _changed(name, null);
            }
        }
    }

    /// <summary>The core has dropped its entry, and so goes the record.</summary>
    internal void MemberDropped(string name)
    {
        MemberDown(name);
        _pending.Remove(name);
        if (_records.Remove(name, out PublishedRecord? record))
        {
            _bytes -= SizeOf(record);
        }
    }

    private void Take(PublishedRecord record)
    {
        _records.TryGetValue(record.Owner, out PublishedRecord? known);
        if (known is not null && !record.IsNewerThan(known))
        {
            return;
        }

        // Without this, made-up owners would fill the memory, and dropped members would come back from those who still keep them.
        if (_host.Find(record.Owner) is null)
        {
            Counters.UnknownOwner++;
            return;
        }

        int more = SizeOf(record) - (known is null ? 0 : SizeOf(known));
        if ((known is null && _records.Count >= RegistryLimits.Records) || _bytes + more > RegistryLimits.TotalBytes)
        {
            Counters.NoRoom++;
            return;
        }

        Keep(record, known);
    }

    /// <summary>
    /// Someone has a record in our name: from our last life, or from someone who may not write it. Ours must be newer. Whoever has
    /// the cluster's key can write any record, but none that its owner does not outbid, and say.
    /// </summary>
    private void AnswerForeign(PublishedRecord foreign)
    {
        _records.TryGetValue(_name, out PublishedRecord? own);
        if (own is not null && (own.IsNewerThan(foreign) || (!foreign.IsNewerThan(own) && foreign.Payload == own.Payload)))
        {
            return;
        }

        Counters.Foreign++;
        PublishedRecord newer = Next(foreign, own?.Payload ?? RawBytes.Nil);
        if (own is not null || foreign.Instance == _instance)
        {
            // What an earlier life has left behind is met before this one publishes, or is older than what it publishes.
            _host.Warn($"Somebody has written a record in the name of this member, {_name}, which publishes its own anew. Another process with this name, or a clock that was put back, may have done it; else somebody who has the cluster's key.");
        }

        PublishedRecord first = new(_name, _instance, 1, newer.Payload);
        Keep(first.IsNewerThan(newer) ? first : newer, own);
    }

    private void Write(RawBytes payload)
    {
        _records.TryGetValue(_name, out PublishedRecord? own);
        Keep(own is null ? new PublishedRecord(_name, _instance, 1, payload) : Next(own, payload), own);
    }

    /// <summary>The record after that one. There always is one, since no instance near the highest number is ever taken.</summary>
    private static PublishedRecord Next(PublishedRecord record, RawBytes payload) => record.Version < ulong.MaxValue
        ? record with { Version = record.Version + 1, Payload = payload }
        : record with { Instance = record.Instance + 1, Version = 0, Payload = payload };

    private void Keep(PublishedRecord record, PublishedRecord? before)
    {
        bool wasInView = Find(record.Owner) is not null;
        bool up = _up.Contains(record.Owner);
        if (up)
        {
            _digest += record.Hash() - (before?.Hash() ?? 0);
        }

        _bytes += SizeOf(record) - (before is null ? 0 : SizeOf(before));
        _records[record.Owner] = record;
        Noted();
        Spread(record);
        if (up && (wasInView || !record.IsWithdrawn))
        {
            _changed(record.Owner, record.IsWithdrawn ? null : record);
        }
    }

    private void Show(PublishedRecord record)
    {
        if (!record.IsWithdrawn)
        {
            _changed(record.Owner, record);
        }
    }

    private static int SizeOf(PublishedRecord record) => (record.Owner.Length * sizeof(char)) + record.Payload.Length;
}
