using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Tests.Support;

namespace Tidegate.Engine.Tests.Loops;

public abstract class EventLoopTests(EventSource source) : EngineTest(source)
{
    [Fact]
    public void Posted_actions_run_in_order_on_the_loop_and_never_together()
    {
        const int Threads = 4, Each = 20_000;
        var last = new int[Threads];
        int running = 0, ran = 0;
        EventLoop loop = Loop;
        Task[] posting = [.. Enumerable.Range(0, Threads).Select(thread => Bounded.Start(() =>
        {
            for (int i = 1; i <= Each; i++)
            {
                int number = i;
                loop.Post(() =>
                {
                    Assert.True(loop.IsCurrent);
                    Assert.Equal(1, ++running);
                    Assert.Equal(number, ++last[thread]);
                    ran++;
                    running--;
                });
            }
        }))];
        foreach (Task task in posting)
        {
            Bounded.Wait(task);
        }

        Bounded.Until(() => OnLoop(() => ran) == Threads * Each, "every action ran");
    }

    [Fact]
    public void Loops_that_post_to_each_other_lose_nothing()
    {
        StartLoops(options => options with { Loops = 3 });
        var done = new TaskCompletionSource();
        int hops = 0;
        void Hop(object? state)
        {
            if (++hops == 100_000)
            {
                done.SetResult();
                return;
            }

            Loops.Next().Post(Hop, null);
        }

        Loop.Post(Hop, null);
        Bounded.Wait(done.Task);
    }

    [Fact]
    public void An_action_that_always_posts_another_does_not_starve_the_sockets()
    {
        bool stop = false;
        void Again(object? state)
        {
            if (!stop)
            {
                Loop.Post(Again, null);
            }
        }

        var (peer, _) = Pair(Probe.Echo());
        Task posting = Bounded.Start(() => Loop.Post(Again, null));
        peer.Send("x"u8);
        _ = peer.Receive(1);
        OnLoop(() => stop = true);
        Bounded.Wait(posting);
    }

    [Fact]
    public void An_exception_in_a_posted_action_is_reported_and_the_loop_goes_on()
    {
        Loop.Post(() => throw new InvalidTimeZoneException());
        Assert.IsType<InvalidTimeZoneException>(TakeFault());
        Turns();
    }

    [Fact]
    public void What_belongs_to_a_loop_refuses_other_threads()
    {
        Assert.False(Loop.IsCurrent);
        Assert.Throws<InvalidOperationException>(() => Loop.Schedule(TimeSpan.Zero, _ => { }, null));
        Assert.Throws<InvalidOperationException>(() => Connector.Connect(Loop, "127.0.0.1", 1, new ConnectOptions(), (_, _) => { }));
    }

    [Fact]
    public void A_timer_is_called_once_and_never_early()
    {
        foreach (int delay in new[] { 0, 1, 9, 10, 11, 35, 120 })
        {
            var fired = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
            OnLoop(() =>
            {
                long start = Stopwatch.GetTimestamp();
                Loop.Schedule(TimeSpan.FromMilliseconds(delay), _ => fired.SetResult(Stopwatch.GetElapsedTime(start)), null);
            });
            // The wheel counts whole milliseconds from its own start.
            Assert.True(Bounded.Result(fired.Task).TotalMilliseconds >= delay - 1);
        }
    }

    [Fact]
    public void An_exception_in_a_timer_is_reported_and_the_others_fire()
    {
        var fired = new TaskCompletionSource();
        OnLoop(() =>
        {
            Loop.Schedule(TimeSpan.Zero, _ => throw new InvalidTimeZoneException(), null);
            Loop.Schedule(TimeSpan.FromMilliseconds(20), _ => fired.SetResult(), null);
        });
        Assert.IsType<InvalidTimeZoneException>(TakeFault());
        Bounded.Wait(fired.Task);
    }

    [Fact]
    public void Disposing_the_loops_ends_their_connections()
    {
        var probes = new List<Probe>();
        Listener listener = Listen(connection =>
        {
            var probe = new Probe();
            connection.Handler = probe;
            lock (probes)
            {
                probes.Add(probe);
            }
        });
        RawPeer[] peers = [.. Enumerable.Range(0, 5).Select(_ => Own(RawPeer.Connect(listener.LocalEndPoint)))];
        Bounded.Until(() => Loop.ConnectionCount == 5, "all are accepted");
        Loops.Dispose();
        foreach (Probe probe in probes)
        {
            Assert.Equal(SocketError.OperationAborted, Bounded.Result(probe.End));
        }

        foreach (RawPeer peer in peers)
        {
            peer.ExpectReset();
        }
    }

    [Fact]
    public void A_connection_begun_while_the_loop_ends_ends_with_it()
    {
        using var target = new RawListener();
        var closing = new Probe
        {
            Closed = connection => Connector.Connect(connection.Loop, "127.0.0.1", target.Port, new ConnectOptions(), (_, _) => { }),
        };
        var (_, connection) = Pair(closing);
        Loops.Dispose();
        Bounded.Wait(closing.End);
        using RawPeer? late = target.TryAccept();
        late?.ExpectGone();
    }

    [Fact]
    public void Loops_may_be_disposed_on_a_loop_and_twice()
    {
        StartLoops(options => options with { Loops = 2 });
        var probe = new Probe();
        _ = Pair(probe);
        OnLoop(Loops.Dispose);
        Assert.Equal(SocketError.OperationAborted, Bounded.Result(probe.End));
        Loops.Dispose();
    }

    [Fact]
    public void Posting_to_a_loop_that_has_stopped_touches_nothing_else()
    {
        EventLoops stopped = StartLoops();
        stopped.Dispose();
        // Descriptors that may get the numbers which the loop's had.
        var (one, other) = (new List<RawPeer>(), new List<RawPeer>());
        using var listener = new RawListener();
        for (int i = 0; i < 20; i++)
        {
            one.Add(Own(RawPeer.Connect(listener.EndPoint)));
            other.Add(Own(listener.Accept()));
        }

        for (int i = 0; i < 10; i++)
        {
            stopped.All[0].Post(() => { });
        }

        foreach (RawPeer peer in one.Concat(other))
        {
            peer.EndSending();
        }

        foreach (RawPeer peer in one.Concat(other))
        {
            peer.ExpectEnd();
        }
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => EventLoops.Start(new EngineOptions { Loops = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => EventLoops.Start(new EngineOptions { ReadBufferSize = 4095 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => EventLoops.Start(new EngineOptions { BuffersPerTurn = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => EventLoops.Start(new EngineOptions { Backlog = 0 }));
    }
}

public sealed class EventLoopOnEpollTests() : EventLoopTests(EventSource.Epoll);

public sealed class EventLoopOnPortableTests() : EventLoopTests(EventSource.Portable);
