using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>
/// What somebody once said can be said again by whoever recorded it: that a member is there which is long gone, or was somewhere
/// else. A process that has just started knows nothing with which it could tell. So where a message puts a name at an address at
/// which nobody is known to have it, whoever is there is asked first, by that name, and only what answers is believed, reported
/// and passed on. A state that this member has asked for itself is believed at once: nobody but the one who was asked sends it.
/// </summary>
internal sealed partial class ProtocolCore
{
    private const int PingsToMeet = 3;

    /// <summary>The least time between two push/pulls because somebody could not be met, in milliseconds.</summary>
    private const int AskAboutStrangers = 5_000;

    private readonly Dictionary<(string Name, MemberAddress Address), Introduction> _introductions = [];
    private readonly Dictionary<uint, Introduction> _met = [];
    private long _lastUnmet = MemberRecord.Never;

    /// <summary>Names that are being tried at addresses.</summary>
    internal int OpenIntroductions => _introductions.Count;

    private bool MustMeet(MemberRecord? record, in MemberAddress address, bool isVouchedFor) =>
        !isVouchedFor && _options.Has(Additions.Introduction) && (record is null || record.Address != address);

    private void Meet(in AliveMessage message, in MemberAddress address)
    {
        if (_introductions.TryGetValue((message.Node, address), out Introduction? known))
        {
            if (message.Incarnation > known.Message.Incarnation)
            {
                known.Message = message;
            }

            return;
        }

        if (_introductions.Count >= _options.MaximumIntroductions)
        {
            Counters.IntroductionsBeyondBound++;
            return;
        }

        Introduction introduction = new(message, address, ++_seqNo);
        _introductions.Add((message.Node, address), introduction);
        _met.Add(introduction.SeqNo, introduction);
        Call(introduction);
    }

    private void Call(Introduction introduction)
    {
        introduction.Pings++;
        byte[] ping = Encode(new PingMessage(introduction.SeqNo, introduction.Message.Node, MessageSource.None));
        _host.SendPacket(introduction.Address, [ping], checksum: false);
        _timers.Add(Now + _options.ProbeTimeout, _ => OnNotMet(introduction));
    }

    private void OnNotMet(Introduction introduction)
    {
        if (!_met.ContainsKey(introduction.SeqNo))
        {
            return;
        }

        if (introduction.Pings < PingsToMeet)
        {
            Call(introduction);
            return;
        }

        End(introduction);
        Counters.Unmet++;

        // Others may reach it where this member does not: then it is in the state that one of them answers with.
        if (Now - _lastUnmet >= AskAboutStrangers)
        {
            _lastUnmet = Now;
            ExchangeWithAnyone();
        }
    }

    private void End(Introduction introduction)
    {
        _met.Remove(introduction.SeqNo);
        _introductions.Remove((introduction.Message.Node, introduction.Address));
    }

    /// <summary>True where the number is that of an introduction, whose subject is there.</summary>
    private bool Meets(uint seqNo)
    {
        if (!_met.TryGetValue(seqNo, out Introduction? introduction))
        {
            return false;
        }

        End(introduction);
        Reached();
        OnAlive(introduction.Message, isVouchedFor: true);
        if (_table.Find(introduction.Message.Node) is { IsSelf: false } record && record.Address == introduction.Address)
        {
            Heard(record);
        }

        return true;
    }
}
