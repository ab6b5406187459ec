using Tidegate.Membership.Protocol;

namespace Tidegate.Membership.Simulator;

/// <summary>Connections: they lose segments, and repeat them.</summary>
internal sealed partial class Simulation
{
    internal void StartStreamPing(SimulatedMember from, uint seqNo, int to, int timeout)
    {
        long limit = timeout * 1_000L;
        Connect(from, to, limit, onEnd: (result, elapsed) =>
        {
            if (result != StreamPingResult.Answered)
            {
                To(from, 0, () => from.Core.OnStreamPing(from.Local(Time), seqNo, result));
                return;
            }

            long request = Network.Segment(200_000);
            long answer = Network.Segment(200_000);
            SimulatedMember? target = _running[to];
            if (target is null || elapsed + request + answer > limit || !Open(from.Index, to))
            {
                To(from, Math.Max(0, limit - elapsed), () => from.Core.OnStreamPing(from.Local(Time), seqNo, StreamPingResult.Failed));
                return;
            }

            To(target, request, () => To(from, answer, () => from.Core.OnStreamPing(from.Local(Time), seqNo, StreamPingResult.Answered)));
        });
    }

    internal void StartPushPull(SimulatedMember from, int exchange, int to, bool join)
    {
        const long Limit = 10_000_000;
        Connect(from, to, Limit, onEnd: (result, _) =>
        {
            if (result != StreamPingResult.Answered)
            {
                To(from, 0, () => from.Core.OnPushPullFailed(from.Local(Time), exchange, null));
                return;
            }

            SimulatedMember? target = _running[to];
            ClusterState state = from.Core.LocalState(join);
            from.StreamBytes += PushPullBytes.Of(state);
            To(from, Limit, () => from.Core.OnPushPullFailed(from.Local(Time), exchange, null));
            if (target is null || !Open(from.Index, to))
            {
                return;
            }

            Recording?.Add(from.Index, to, state);
            To(target, Network.Segment(200_000), () =>
            {
                PushPullAnswer answer = target.Core.OnPushPullRequest(target.Local(Time), from.Address, state);
                if (answer.State is not null)
                {
                    target.StreamBytes += PushPullBytes.Of(answer.State);
                }

                if (!Open(from.Index, to))
                {
                    return;
                }

                To(from, Network.Segment(200_000), () =>
                {
                    if (answer.State is { } merged)
                    {
                        from.Core.OnPushPullAnswer(from.Local(Time), exchange, merged);
                    }
                    else
                    {
                        from.Core.OnPushPullFailed(from.Local(Time), exchange, answer.Refusal);
                    }
                });
            });
        });
    }

    private bool Open(int from, int to) => Network.Passes(from, to) && Network.Passes(to, from);

    // The kernel answers for a paused process; it refuses for one that has ended on a host that goes on.
    private void Connect(SimulatedMember from, int to, long limit, Action<StreamPingResult, long> onEnd)
    {
        long delay = Network.Segment(1_000_000) + Network.Segment(1_000_000);
        bool answers = to < _running.Length && (_running[to] is not null || _refuses[to]) && Open(from.Index, to) && delay <= limit;
        long elapsed = answers ? delay : limit;
        To(from, elapsed, () =>
        {
            StreamPingResult result = !answers || !Open(from.Index, to) ? StreamPingResult.Failed
                : _running[to] is not null ? StreamPingResult.Answered
                : _refuses[to] ? StreamPingResult.Refused
                : StreamPingResult.Failed;
            onEnd(result, elapsed);
        });
    }
}
