using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Engine;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Tests.Http;

/// <summary>A connection between the engine and the HTTP server, whose part the test plays.</summary>
public sealed class HttpConnectionTests : IDisposable
{
    private static readonly TimeSpan s_bound = TimeSpan.FromSeconds(60);
    private readonly HeldClock _clock = new();
    private readonly EventLoops _loops;
    private readonly ConcurrentQueue<Exception> _faults = new();
    private readonly LeftoverCollection _leftovers = new(TimeProvider.System, NullLogger.Instance);
    private readonly Client _client = new();
    private TcpConnection? _clientSide;

    public HttpConnectionTests()
    {
        _loops = EventLoops.Start(new EngineOptions { Loops = 1, TimeProvider = _clock });
        Loop.UnhandledException += (_, exception) => _faults.Enqueue(exception);
    }

    private EventLoop Loop => _loops.All[0];

    [Fact]
    public async Task A_client_that_takes_nothing_is_let_go_of_when_the_server_is_done_with_it()
    {
        _client.Reads = false;
        (HttpConnection http, TcpConnection connection) = await OpenAsync("GET");
        _ = http.Transport.Output.WriteAsync(new byte[200_000]).AsTask();
        await UntilAsync(() => connection.IsCongested);
        await http.Transport.Output.WriteAsync(new byte[1000]).AsTask().WaitAsync(s_bound);
        Task disposed = http.DisposeAsync().AsTask();
        // Time enough for a client that takes what it must, and then no end of it.
        await TurnsAsync();
        Assert.False(disposed.IsCompleted);
        _clock.Advance(TimeSpan.FromMinutes(20));
        await UntilAsync(() => connection.IsEnded);
        await disposed.WaitAsync(s_bound);
    }

    [Fact]
    public async Task A_client_that_takes_its_answer_slowly_gets_all_of_it_after_the_server_is_done()
    {
        _client.Reads = false;
        (HttpConnection http, TcpConnection connection) = await OpenAsync("GET");
        _ = http.Transport.Output.WriteAsync(new byte[120_000]).AsTask();
        await UntilAsync(() => connection.PendingBytes > 0);
        Task disposed = http.DisposeAsync().AsTask();
        await TurnsAsync();
        _clock.Advance(TimeSpan.FromSeconds(30));
        await TurnsAsync();
        _client.Reads = true;
        await OnLoopAsync(() => _clientSide!.ResumeReading());
        await UntilAsync(() => _client.Ended);
        Assert.Equal(120_000, _client.Count);
        await disposed.WaitAsync(s_bound);
    }

    [Fact]
    public async Task What_arrives_after_the_end_of_an_idle_connection_is_dropped_without_a_fault()
    {
        (HttpConnection http, TcpConnection connection) = await OpenAsync("GET");
        http.BeginRequest();
        http.EndRequest(TimeSpan.Zero, watch: true);
        ReadResult read;
        while (!(read = await http.Transport.Input.ReadAsync().AsTask().WaitAsync(s_bound)).IsCompleted)
        {
            http.Transport.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }

        await OnLoopAsync(() => _clientSide!.Write("GET / HTTP/1.1\r\n"u8));
        await TurnsAsync();
        Assert.Empty(_faults);
        Assert.False(connection.IsEnded);
        await http.DisposeAsync();
        await UntilAsync(() => _client.Ended);
    }

    [Fact]
    public async Task A_connection_that_was_handed_on_is_not_read_while_its_new_owner_pauses_it()
    {
        (HttpConnection http, TcpConnection connection) = await OpenAsync("GET");
        await OnLoopAsync(() => _clientSide!.Write(new byte[100_000]));
        await UntilAsync(() => connection.IsReadingPaused);
        var handedOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var owner = new Client();
        http.Detach(taken =>
        {
            taken.PauseReading();
            taken.Handler = owner;
            handedOn.SetResult();
        },
        Abandoned);
        await http.DisposeAsync();
        await handedOn.Task.WaitAsync(s_bound);
        await TurnsAsync();
        Assert.True(await OnLoopAsync(() => connection.IsReadingPaused));
        Assert.Equal(0, owner.Count);
        await OnLoopAsync(connection.ResumeReading);
        await UntilAsync(() => owner.Count == 100_003);
    }

    [Fact]
    public async Task The_server_can_not_abort_a_connection_that_was_handed_on()
    {
        (HttpConnection http, TcpConnection connection) = await OpenAsync("GET");
        var handedOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        http.Detach(taken =>
        {
            taken.Handler = new Client();
            handedOn.SetResult();
        },
        Abandoned);
        await http.DisposeAsync();
        await handedOn.Task.WaitAsync(s_bound);
        http.Abort(new ConnectionAbortedException("The server stops."));
        await TurnsAsync();
        Assert.False(await OnLoopAsync(() => connection.IsEnded));
    }

    [Fact]
    public async Task Whoever_is_to_have_a_connection_that_is_gone_hears_of_that()
    {
        (HttpConnection http, TcpConnection connection) = await OpenAsync("GET");
        await OnLoopAsync(connection.Abort);
        var abandoned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        http.Detach(_ => Assert.Fail("it is gone"), abandoned.SetResult);
        await http.DisposeAsync();
        await abandoned.Task.WaitAsync(s_bound);
    }

    private static void Abandoned() => Assert.Fail("it was there");

    public void Dispose()
    {
        _leftovers.Dispose();
        _loops.Dispose();
    }

    private async Task<(HttpConnection Http, TcpConnection Connection)> OpenAsync(string said)
    {
        var opened = new TaskCompletionSource<(HttpConnection, TcpConnection)>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = LocalPair.OpenAsync(
            Loop,
            connection => connection.Handler = new First(connection, this, opened),
            Loop,
            connection =>
            {
                _clientSide = connection;
                if (!_client.Reads)
                {
                    connection.PauseReading();
                }

                connection.Handler = _client;
                connection.Write(System.Text.Encoding.ASCII.GetBytes(said));
            });
        return await opened.Task.WaitAsync(s_bound);
    }

    private Task<bool> OnLoopAsync(Action action) => OnLoopAsync(() =>
    {
        action();
        return true;
    });

    private async Task<T> OnLoopAsync<T>(Func<T> function)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Loop.Post(() => done.SetResult(function()));
        return await done.Task.WaitAsync(s_bound);
    }

    /// <summary>Lets what was due to happen happen: a few turns of the loop, with what they leave to other threads between them.</summary>
    private async Task TurnsAsync()
    {
        for (int i = 0; i < 20; i++)
        {
            await OnLoopAsync(static () => { });
            await Task.Yield();
        }
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        using var timeout = new CancellationTokenSource(s_bound);
        while (!await OnLoopAsync(condition))
        {
            await Task.Delay(5, timeout.Token);
        }
    }

    /// <summary>Gives the connection to the server with its first bytes, as a port does.</summary>
    private sealed class First(TcpConnection connection, HttpConnectionTests test, TaskCompletionSource<(HttpConnection, TcpConnection)> opened) : Client
    {
        public override void OnReceived(TcpConnection _, Payload data)
        {
            var http = new HttpConnection(connection, new RouteTable(NullLogger.Instance), HttpListenEndPoint.Http1, MemoryPool<byte>.Shared, test._leftovers);
            http.Begin([], data);
            opened.SetResult((http, connection));
        }
    }

    private class Client : IConnectionHandler
    {
        internal bool Reads { get; set; } = true;

        internal int Count { get; private set; }

        internal bool Ended { get; private set; }

        public virtual void OnReceived(TcpConnection connection, Payload data) => Count += data.Length;

        public void OnReceiveEnded(TcpConnection connection)
        {
            Ended = true;
            connection.EndSending();
        }

        public void OnCongested(TcpConnection connection)
        {
        }

        public void OnDrained(TcpConnection connection)
        {
        }

        public void OnClosed(TcpConnection connection, SocketError? error)
        {
        }
    }

    /// <summary>Time that stands still until it is moved.</summary>
    private sealed class HeldClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _now);

        internal void Advance(TimeSpan time) => Interlocked.Add(ref _now, time.Ticks);
    }
}
