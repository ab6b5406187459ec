using Microsoft.Extensions.Logging;
using Tidegate.Membership.Protocol;
using Tidegate.Membership.Streams;
using Tidegate.Membership.Transport;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Hosting;

/// <summary>Packets and streams, in and out.</summary>
internal sealed partial class MemberEngine : IMessageHandler, IStreamHandler
{
    /// <summary>Streams that this member may have opened for push/pulls and pings at a time.</summary>
    private const int StreamsAtOnce = 128;

    /// <summary>True while the answer to a push/pull of ours is merged.</summary>
    private bool _mergesAnswer;
    private bool _hasJoined;
    private bool _hasMerged;
    private int _outgoing;

    void IMessageHandler.OnMessage(MessageType type, ReadOnlySpan<byte> body, MemberAddress from)
    {
        lock (_gate)
        {
            if (_running)
            {
                _core.OnMessage(Now, from, type, body);
                Finish();
            }
        }
    }

    bool IStreamHandler.IsMe(string node) => node == Name;

    PushPullAnswer IStreamHandler.OnPushPull(ClusterState state, MemberAddress from)
    {
        lock (_gate)
        {
            if (!_running)
            {
                return new PushPullAnswer(null, $"{Name} is stopping");
            }

            PushPullAnswer answer = _core.OnPushPullRequest(Now, from, state);
            Finish();
            return answer;
        }
    }

    void IStreamHandler.OnUserMessage(ReadOnlyMemory<byte> message, MemberAddress from) =>
        Run(() =>
        {
            if (_core.TakesUserMessages())
            {
                _serf?.UserMessageReceived(message.Span);
            }
        });

    void IProtocolHost.SendPacket(in MemberAddress to, byte[][] messages, bool checksum)
    {
        // A seal makes sure of more than a checksum does.
        bool wanted = checksum && _envelope.Keyring is null;
        _writer.Clear();
        foreach (byte[] message in messages)
        {
            if (_writer.TryAdd(message))
            {
                continue;
            }

            if (_writer.Count > 0)
            {
                _transport.TrySend(_writer.Finish(wanted), to);
                _writer.Clear();
            }

            if (!_writer.TryAdd(message))
            {
                _warnings.Write($"A message of {message.Length} bytes fits no packet and was not sent.");
            }
        }

        if (_writer.Count > 0)
        {
            _transport.TrySend(_writer.Finish(wanted), to);
        }
    }

    void IProtocolHost.StartPushPull(int exchange, in MemberAddress to, bool join)
    {
        if (_outgoing >= StreamsAtOnce)
        {
            _deferred.Enqueue(() => _core.OnPushPullFailed(Now, exchange, null));
            _waitsForJoin?.TrySetResult(false);
            return;
        }

        _outgoing++;
        TaskCompletionSource<bool>? waiting = _waitsForJoin;
        _waitsForJoin = null;
        _ = ExchangeAsync(exchange, to, join, waiting);
    }

    void IProtocolHost.StartStreamPing(uint seqNo, in MemberAddress to, string node, int timeout)
    {
        if (_outgoing >= StreamsAtOnce || timeout <= 0)
        {
            _deferred.Enqueue(() => _core.OnStreamPing(Now, seqNo, StreamPingResult.Failed));
            return;
        }

        _outgoing++;
        _ = StreamPingAsync(seqNo, to, node, TimeSpan.FromMilliseconds(timeout));
    }

    private async Task ExchangeAsync(int exchange, MemberAddress to, bool join, TaskCompletionSource<bool>? waiting)
    {
        // Off the caller's stack, which is inside the state machine.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        StreamOutcome outcome = await _client.ExchangeAsync(to, () => LocalState(join), _stopping.Token).ConfigureAwait(false);
        waiting?.TrySetResult(outcome.IsDone);
        StreamEnded(() =>
        {
            if (outcome.IsDone && outcome.Answer is ClusterState state)
            {
                _mergesAnswer = true;
                _core.OnPushPullAnswer(Now, exchange, state);
                _mergesAnswer = false;
                NoteAddress(to, state);
                AnnounceJoin(join);
            }
            else
            {
                string? error = (outcome.Answer as StreamError)?.Error;
                _core.OnPushPullFailed(Now, exchange, error);
                Failed(to, join, outcome, error);
            }
        });
    }

    /// <summary>A member that has answered at another address than its own is known there, too: nobody has to be looked for there.</summary>
    private void NoteAddress(MemberAddress to, ClusterState state)
    {
        if (_core.Members.At(to) is null && state.Entries is [{ Status: MemberStatus.Alive } first, ..])
        {
            _elsewhere.Note(to, first.Name);
        }
    }

    private async Task StreamPingAsync(uint seqNo, MemberAddress to, string node, TimeSpan timeout)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        PingMessage ping = new(seqNo, node, MessageSource.None);
        StreamOutcome outcome = await _client.PingAsync(to, ping, timeout, _stopping.Token).ConfigureAwait(false);
        StreamEnded(() => _core.OnStreamPing(
            Now,
            seqNo,
            outcome.IsDone ? StreamPingResult.Answered : outcome.Dial == DialResult.Refused ? StreamPingResult.Refused : StreamPingResult.Failed));
    }

    /// <summary>A stream that was opened here has ended; nobody waits for the task that did it.</summary>
    private void StreamEnded(Action then)
    {
        lock (_gate)
        {
            _outgoing--;
            Guarded(then);
        }
    }

    /// <summary>The first join by a seed or beacon is told to all, as Serf wants it.</summary>
    private void AnnounceJoin(bool join)
    {
        if (join && !_hasJoined && _core.Members.Live > 1)
        {
            _hasJoined = true;
            _serf?.AnnounceJoin();
        }
    }

    private void Failed(MemberAddress to, bool join, StreamOutcome outcome, string? error)
    {
        if (error is not null && join && !_hasJoined && error.StartsWith(NameConflict.Prefix, StringComparison.Ordinal))
        {
            Stop($"{to} refuses this member: {error}.");
        }
        else if (join)
        {
            _logger.LogDebug("Could not join {Address}: {Reason}.", to, outcome.Describe());
        }
    }

    private ClusterState LocalState(bool join)
    {
        lock (_gate)
        {
            return _core.LocalState(join);
        }
    }
}
