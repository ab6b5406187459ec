using Microsoft.Extensions.Logging;
using Tidegate.Membership.Protocol;
using Tidegate.Membership.Serf;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Hosting;

/// <summary>What the protocol core says about members, and what is asked of it.</summary>
internal sealed partial class MemberEngine : IProtocolHost
{
    private readonly Dictionary<string, SerfPeer> _peers = [];
    private MemberView _view = MemberView.Empty;
    private bool _saidIsolated;

    /// <summary>Everyone, as of now.</summary>
    internal MemberView View => Volatile.Read(ref _view);

    void IProtocolHost.OnMemberChanged(MemberRecord member, MemberChange change)
    {
        SerfPeer peer = Remember(member);
        switch (change)
        {
            case MemberChange.Up:
                _logger.LogInformation("Member {Name} at {Address} is up.", member.Name, member.Address);
                _serf?.MemberUp(peer);
                Changed(member.Name, MemberEventKind.Up);
                break;
            case MemberChange.Updated:
                _serf?.MemberUpdated(peer);
                Changed(member.Name, MemberEventKind.Updated);
                break;
            case MemberChange.Down:
                _logger.LogInformation("Member {Name} at {Address} is down.", member.Name, member.Address);
                _serf?.MemberDown(member.Name);
                Changed(member.Name, MemberEventKind.Failed);
                break;
            case MemberChange.Left:
                _logger.LogInformation("Member {Name} at {Address} has left.", member.Name, member.Address);
                _serf?.MemberDown(member.Name);
                Changed(member.Name, MemberEventKind.Left);
                break;
            case MemberChange.Suspected:
                _logger.LogDebug("Member {Name} at {Address} does not answer somebody.", member.Name, member.Address);
                Changed(member.Name);
                break;
            case MemberChange.Forgotten:
                _peers.Remove(member.Name);
                _serf?.MemberDropped(member.Name);
                Forgotten(member.Name);
                break;
        }
    }

    void IProtocolHost.OnIsolationChanged(bool isolated)
    {
        // Where there is but one other, its end and a cut cannot be told apart, and its end is what mostly happens.
        if (isolated && _core.Members.Live > 2)
        {
            _saidIsolated = true;
            _logger.LogWarning("Most other members do not answer: this member may be cut off, and keeps its verdicts about them to itself.");
        }
        else if (!isolated && _saidIsolated)
        {
            _saidIsolated = false;
            _logger.LogInformation("The other members answer again.");
        }
    }

    void IProtocolHost.OnNameConflict(MemberRecord holder, in MemberAddress claimant)
    {
        MemberAddress other = claimant;
        _warnings.Write($"The name {holder.Name} of the member at {holder.Address} is claimed at {other}, too. One of the two needs another name.");
        if (holder.IsSelf)
        {
            _deferred.Enqueue(() => _serf?.NameClaimed(other));
        }
    }

    void IProtocolHost.OnPushPullRefused(string reason) => _warnings.Write($"An exchange of states was refused: {reason}.");

    string? IProtocolHost.Refuse(string name, in MemberAddress address, RawBytes meta) =>
        _serf is null || _serf.Admits(name, meta, out string? refusal) ? null : refusal;

    bool IProtocolHost.IsGateway(RawBytes meta) => Serf.Tags.IsGateway(meta);

    RawBytes IProtocolHost.AckPayload() => _registry?.AckPayload() ?? RawBytes.Nil;

    void IProtocolHost.OnAckPayload(MemberRecord from, ReadOnlySpan<byte> payload) => _registry?.AckReceived(from.Name, payload);

    void IProtocolHost.OnUserMessage(in MemberAddress from, ReadOnlySpan<byte> message) => _serf?.UserMessageReceived(message);

    ReadOnlyMemory<byte> IProtocolHost.UserState(bool join) => _serf?.WriteState() ?? ReadOnlyMemory<byte>.Empty;

    void IProtocolHost.MergeUserState(ReadOnlyMemory<byte> state, bool join)
    {
        bool isFirst = !_hasMerged;
        _hasMerged = true;
        _serf?.MergeState(state.Span, joining: isFirst || (join && _mergesAnswer && !_hasJoined));
    }

    private SerfPeer Remember(MemberRecord member)
    {
        SerfPeer peer = new(member.Name, member.Address, member.Meta, member.Versions, member.IsAlive);
        _peers[member.Name] = peer;
        return peer;
    }

    private void Changed(string name, MemberEventKind kind = MemberEventKind.Updated)
    {
        if (_core.Members.Find(name) is not { } member || !member.Address.IsUsable)
        {
            return;
        }

        SerfMember? known = _serf?.Find(name);
        MemberInfo? before = _view.Find(name);
        MemberState state = StateOf(member, known);
        ReadOnlyMemory<byte>? record = null;
        if (_registry?.Find(name) is { } published)
        {
            record = published.Payload.Span.ToArray();
        }

        MemberInfo info = new()
        {
            Name = name,
            EndPoint = _transport.EndPointOf(member.Address) ?? member.Address.ToEndPoint(),
            State = state,
            IsSuspected = member.Status == MemberStatus.Suspect,
            Since = before?.State == state ? before.Since : _time.GetUtcNow(),
            IsSelf = member.IsSelf,
            Tags = known?.Tags ?? System.Collections.Immutable.ImmutableDictionary<string, string>.Empty,
            Record = record,
        };
        Volatile.Write(ref _view, _view.With(info));
        Teller.Tell(new MemberEvent(kind, info));
    }

    private void Forgotten(string name)
    {
        if (_view.Find(name) is { } last)
        {
            Volatile.Write(ref _view, _view.Without(name));
            Teller.Tell(new MemberEvent(MemberEventKind.Forgotten, last));
        }
    }

    private static MemberState StateOf(MemberRecord member, SerfMember? known) => member.Status switch
    {
        MemberStatus.Left => MemberState.Left,
        MemberStatus.Dead => known?.Status == SerfStatus.Left ? MemberState.Left : MemberState.Failed,
        _ => known?.Status == SerfStatus.Leaving ? MemberState.Leaving : MemberState.Alive,
    };
}
