using Tidegate.Membership.Protocol;
using Tidegate.Membership.Serf;
using Tidegate.Membership.Streams;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Hosting;

/// <summary>What Serf's layer asks for. It is called from inside the core, so what concerns the core is done afterwards.</summary>
internal sealed partial class MemberEngine : ISerfHost
{
    IReadOnlyCollection<SerfPeer> ISerfHost.Peers => _peers.Values;

    SerfPeer? ISerfHost.Find(string name) => _peers.GetValueOrDefault(name);

    void ISerfHost.QueueBroadcast(SerfTier tier, string? about, byte[] message, Action? sent) => _deferred.Enqueue(() =>
    {
        BroadcastTier core = tier switch
        {
            SerfTier.Intents => BroadcastTier.SerfIntent,
            SerfTier.Queries => BroadcastTier.SerfQuery,
            SerfTier.Records => BroadcastTier.Registry,
            _ => BroadcastTier.SerfEvent,
        };

        // Its end may be told from inside the core.
        if (!_core.Broadcast(Now, core, about, message, sent is null ? null : _ => _deferred.Enqueue(sent)))
        {
            sent?.Invoke();
        }
    });

    void ISerfHost.SendUserMessage(MemberAddress to, ReadOnlySpan<byte> message, bool stream)
    {
        if (!stream)
        {
            ((IProtocolHost)this).SendPacket(to, [[(byte)MessageType.User, .. message]], checksum: false);
        }
        else if (_outgoing < StreamsAtOnce)
        {
            _outgoing++;
            _ = SendStreamAsync(to, message.ToArray());
        }
    }

    void ISerfHost.SetMeta(RawBytes meta) => _deferred.Enqueue(() => _core.SetMeta(Now, meta));

    void ISerfHost.Forget(string name) => _deferred.Enqueue(() => _core.Forget(Now, name));

    void ISerfHost.RequestPushPull(string name) => _deferred.Enqueue(() => _core.RequestPushPull(Now, name));

    void ISerfHost.StatusChanged(SerfMember member, SerfStatus before)
    {
        if (member.Status == SerfStatus.Leaving)
        {
            Changed(member.Name, MemberEventKind.Leaving);
        }
    }

    void ISerfHost.EventReceived(SerfEvent received) => Teller.Tell(new UserEvent(received.Name, received.Payload.Span.ToArray(), received.Coalesce));

    void ISerfHost.QueryReceived(IncomingQuery query) => Teller.Tell(new MemberQuery(
        query.Name,
        query.Payload.Span.ToArray(),
        query.SourceNode,
        payload =>
        {
            lock (_gate)
            {
                if (!_running)
                {
                    return false;
                }

                bool sent = query.Answer(RawBytes.CopyOf(payload.Span)) == AnswerResult.Sent;
                Finish();
                return sent;
            }
        }));

    void ISerfHost.Stop(string message) => _deferred.Enqueue(() => Stop(message));

    void ISerfHost.Warn(string message) => _warnings.Write(message);

    private async Task SendStreamAsync(MemberAddress to, byte[] message)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        StreamOutcome outcome = await _client.SendUserAsync(to, message, _stopping.Token).ConfigureAwait(false);
        StreamEnded(() =>
        {
            if (!outcome.IsDone)
            {
                _warnings.Write($"A message to {to} was not sent: {outcome.Describe()}.");
            }
        });
    }
}
