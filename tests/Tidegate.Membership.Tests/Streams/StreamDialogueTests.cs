using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Membership.Security;
using Tidegate.Membership.Streams;
using Tidegate.Membership.Tests.Security;
using Tidegate.Membership.Tests.Transport;
using Tidegate.Membership.Transport;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Streams;

/// <summary>Both sides of push/pull, ping and user message, over TCP on loopback or against a script (annex A3).</summary>
public sealed class StreamDialogueTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(50);
    private static readonly MemberAddress Stranger = MemberAddress.From(new IPEndPoint(IPAddress.Parse("10.0.0.9"), 7946));
    private static readonly Keyring Keys = new(KeyringTests.Key(3, 32));
    private static readonly ClusterState Empty = new(false, [], Array.Empty<byte>());

    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "")]
    [InlineData(true, "red")]
    public async Task States_are_exchanged_and_join_is_repeated(bool isSealed, string label)
    {
        Envelope envelope = new(System.Text.Encoding.ASCII.GetBytes(label), isSealed ? Keys : null);
        await using Pair pair = new(envelope, envelope);
        StreamOutcome outcome = await pair.Client.ExchangeAsync(pair.Server, () => State("client", join: true), default);
        Assert.True(outcome.IsDone, outcome.Describe());
        ClusterState answer = Assert.IsType<ClusterState>(outcome.Answer);
        Assert.True(answer.Join);
        Assert.Equal("server", Assert.Single(answer.Entries).Name);
        Assert.Equal("client", Assert.Single(pair.Handler.States.Single().Entries).Name);
        Assert.Equal(0, pair.StreamServer.Refusals.Total);
    }

    [Fact]
    public async Task A_state_that_is_declined_is_answered_with_the_reason()
    {
        await using Pair pair = new(Envelope.Plain, Envelope.Plain);
        pair.Handler.Decline = "this is cluster red, not blue";
        StreamOutcome outcome = await pair.Client.ExchangeAsync(pair.Server, () => Empty, default);
        Assert.Equal(StreamRefusal.RemoteError, outcome.Refusal);
        Assert.Equal("remote error: this is cluster red, not blue", outcome.Describe());
        await pair.ClosedAsync();
        Assert.Equal(1, pair.StreamServer.Refusals.Count(StreamRefusal.Declined));
    }

    [Fact]
    public async Task A_ping_is_answered_with_its_number_if_it_is_for_this_member_or_for_whoever_is_there()
    {
        await using Pair pair = new(Envelope.Plain, Envelope.Plain);
        foreach (string name in (string[])["server", ""])
        {
            StreamOutcome outcome = await pair.PingAsync(name);
            Assert.Equal(new StreamAck(new AckMessage(77, RawBytes.Nil)), outcome.Answer);
            Assert.True(outcome.IsDone);
        }

        Assert.Equal(StreamRefusal.Closed, (await pair.PingAsync("other")).Refusal);
        await pair.ClosedAsync();
        Assert.Equal(1, pair.StreamServer.Refusals.Count(StreamRefusal.OtherMember));
    }

    [Fact]
    public async Task A_user_message_is_handed_on_and_not_answered()
    {
        await using Pair pair = new(new Envelope([], Keys), new Envelope([], Keys));
        Assert.True((await pair.Client.SendUserAsync(pair.Server, new byte[] { 200, 1, 2 }, default)).IsDone);
        Assert.Equal(new byte[] { 200, 1, 2 }, await pair.Handler.User.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task A_state_that_is_too_large_for_peers_is_not_sent_and_ends_in_order_on_either_side()
    {
        byte[] noise = new byte[StreamLimits.Message + 1];
        new Random(1).NextBytes(noise);
        await using Pair pair = new(Envelope.Plain, Envelope.Plain);
        StreamOutcome own = await pair.Client.ExchangeAsync(pair.Server, () => new ClusterState(false, [], noise), default);
        Assert.Equal((StreamRefusal.TooLarge, null), (own.Refusal, own.Answer));

        pair.Handler.Answer = new ClusterState(false, [], noise);
        StreamOutcome others = await pair.Client.ExchangeAsync(pair.Server, () => Empty, default);
        Assert.Equal(StreamRefusal.Closed, others.Refusal);
        await pair.ClosedAsync();
        Assert.Equal(1, pair.StreamServer.Refusals.Count(StreamRefusal.TooLarge));
    }

    [Fact]
    public async Task A_refused_ping_says_so_and_a_silent_one_times_out()
    {
        await using MemberTransport transport = MemberTransport.Open(new IPEndPoint(IPAddress.Loopback, 0), NullLogger.Instance);
        StreamClient client = new(Envelope.Plain, transport.DialAsync, TimeProvider.System);
        IPEndPoint closed;
        await using (MemberTransport gone = MemberTransport.Open(new IPEndPoint(IPAddress.Parse("127.0.0.80"), 0), NullLogger.Instance))
        {
            closed = gone.LocalEndPoint;
        }

        PingMessage ping = new(1, "b", MessageSource.None);
        StreamOutcome refused = await client.PingAsync(MemberAddress.From(closed), ping, TimeSpan.FromSeconds(60), default);
        Assert.Equal(DialResult.Refused, refused.Dial);
        Assert.Contains("nothing listens", refused.Describe(), StringComparison.Ordinal);

        // Nobody accepts here, but the system completes the connection: it hangs where a paused process would.
        await using MemberTransport paused = MemberTransport.Open(new IPEndPoint(IPAddress.Loopback, 0), NullLogger.Instance);
        StreamOutcome silent = await client.PingAsync(MemberAddress.From(paused.LocalEndPoint), ping, Soon, default);
        Assert.True(silent.Dial == DialResult.TimedOut || silent.Refusal == StreamRefusal.TimedOut);
    }

    [Fact]
    public async Task A_wrong_key_and_a_missing_one_are_answered_with_an_error_that_only_the_right_key_opens()
    {
        byte[] plain = PeerStreamWriter.Encode(new StreamPing(new PingMessage(1, "server", MessageSource.None)), Envelope.Plain, writeLabel: true);
        Envelope sealing = new([], Keys);
        ScriptedStream stream = new(plain);
        StreamServer server = Server(sealing, new Handler(), out _);
        await server.ServeAsync(stream, Stranger, default);
        Assert.Equal(1, server.Refusals.Count(StreamRefusal.NotSealed));
        Assert.True(stream.IsDisposed);
        Assert.Contains("not encrypted", (await AnswerAsync(stream, sealing)).Error, StringComparison.Ordinal);

        await using Pair pair = new(sealing, new Envelope([], new Keyring(KeyringTests.Key(9))));
        StreamOutcome outcome = await pair.PingAsync("server");
        Assert.Equal(StreamRefusal.NoKeyOpens, outcome.Refusal);
        await pair.ClosedAsync();
        Assert.Equal(1, pair.StreamServer.Refusals.Count(StreamRefusal.NoKeyOpens));
    }

    [Theory]
    [InlineData("f4 03 'red' 00 80", StreamRefusal.WrongLabel)]
    [InlineData("01 80", StreamRefusal.UnknownType)]
    [InlineData("02 80", StreamRefusal.UnknownType)]
    [InlineData("", StreamRefusal.Closed)]
    [InlineData("06", StreamRefusal.CutOff)]
    internal async Task A_wrong_label_and_an_unknown_type_are_not_answered(string bytes, StreamRefusal refusal)
    {
        ScriptedStream stream = new(Bytes(bytes));
        StreamServer server = Server(Envelope.Plain, new Handler(), out LogLines lines);
        await server.ServeAsync(stream, Stranger, default);
        Assert.Empty(stream.Written);
        Assert.True(stream.IsDisposed);
        Assert.Equal(1, server.Refusals.Count(refusal));
        Assert.Equal(refusal == StreamRefusal.Closed ? 0 : 1, lines.All.Length);
    }

    [Fact]
    public async Task A_peer_that_connects_and_says_nothing_is_ended_and_logged()
    {
        StreamServer server = Server(Envelope.Plain, new Handler(), out LogLines lines, Soon);
        await server.ServeAsync(new ScriptedStream([], endsSilently: true), Stranger, default);
        Assert.Equal("Warning: Refused a stream from 10.0.0.9:7946 because it was not done in time.", Assert.Single(lines.All));
        Assert.Equal(0, server.Streams);
    }

    [Fact]
    public async Task A_peer_that_does_not_read_its_answer_is_ended()
    {
        byte[] state = PeerStreamWriter.Encode(Empty, Envelope.Plain, writeLabel: true);
        StreamServer server = Server(Envelope.Plain, new Handler(), out _, Soon);
        await server.ServeAsync(new ScriptedStream(state, writing: new TaskCompletionSource().Task), Stranger, default);
        Assert.Equal(1, server.Refusals.Count(StreamRefusal.TimedOut));
    }

    [Fact]
    public async Task No_more_than_128_push_pulls_are_under_way_and_256_streams_open()
    {
        byte[] state = PeerStreamWriter.Encode(Empty, Envelope.Plain, writeLabel: true);
        TaskCompletionSource read = new();
        StreamServer server = Server(Envelope.Plain, new Handler(), out LogLines lines, Timeout.InfiniteTimeSpan);
        List<Task> served = [];
        for (int i = 0; i < StreamLimits.PushPulls; i++)
        {
            served.Add(server.ServeAsync(new ScriptedStream(state, writing: read.Task), Stranger, default));
        }

        ScriptedStream tooMany = new(state);
        await server.ServeAsync(tooMany, Stranger, default);
        Assert.Contains("128 push/pulls", (await AnswerAsync(tooMany, Envelope.Plain)).Error, StringComparison.Ordinal);
        Assert.Contains("128 push/pulls", Assert.Single(lines.All), StringComparison.Ordinal);

        using CancellationTokenSource end = new();
        for (int i = StreamLimits.PushPulls; i < StreamLimits.Streams; i++)
        {
            served.Add(server.ServeAsync(new ScriptedStream([], endsSilently: true), Stranger, end.Token));
        }

        ScriptedStream closed = new(state);
        await server.ServeAsync(closed, Stranger, default);
        Assert.Empty(closed.Written);
        Assert.Equal(1, server.Refusals.Count(StreamRefusal.TooManyStreams));

        read.SetResult();
        await end.CancelAsync();
        await Task.WhenAll(served);
        Assert.Equal(0, server.Streams);
        ScriptedStream after = new(state);
        await server.ServeAsync(after, Stranger, default);
        Assert.Equal(6, after.Written[0]);
    }

    private static async Task<StreamError> AnswerAsync(ScriptedStream stream, Envelope envelope)
    {
        using StreamBudget.Share share = new(new StreamBudget());
        StreamReading reading = await PeerStreamReader.ReadAsync(new ScriptedStream(stream.Written), envelope, expectLabel: false, share, default);
        return Assert.IsType<StreamError>(reading.Message);
    }

    private static StreamServer Server(Envelope envelope, Handler handler, out LogLines lines, TimeSpan? deadline = null)
    {
        lines = new LogLines();
        return new StreamServer(envelope, handler, lines, TimeProvider.System, deadline ?? TimeSpan.FromSeconds(60));
    }

    private static ClusterState State(string name, bool join) =>
        new(join, [new StateEntry(name, MemberAddress.From(Raw("7f000001"), 1), RawBytes.Nil, 1, MemberStatus.Alive, Raw("010502020505"))], "state"u8.ToArray());

    private sealed class Handler : IStreamHandler
    {
        private readonly TaskCompletionSource<byte[]> _user = new();

        internal List<ClusterState> States { get; } = [];

        internal string? Decline { get; set; }

        internal ClusterState? Answer { get; set; }

        internal Task<byte[]> User => _user.Task;

        public bool IsMe(string node) => node == "server";

        public PushPullAnswer OnPushPull(ClusterState state, MemberAddress from)
        {
            lock (States)
            {
                States.Add(state);
            }

            return Decline is null ? new PushPullAnswer(Answer ?? State("server", state.Join), null) : new PushPullAnswer(null, Decline);
        }

        public void OnUserMessage(ReadOnlyMemory<byte> message, MemberAddress from) => _user.TrySetResult(message.ToArray());
    }

    /// <summary>A client and a server on loopback.</summary>
    private sealed class Pair : IAsyncDisposable
    {
        private readonly MemberTransport _server = MemberTransport.Open(new IPEndPoint(IPAddress.Loopback, 0), NullLogger.Instance);
        private readonly MemberTransport _client = MemberTransport.Open(new IPEndPoint(IPAddress.Loopback, 0), NullLogger.Instance);
        private readonly TaskCompletionSource _closed = new();

        internal Pair(Envelope server, Envelope client)
        {
            StreamServer = StreamDialogueTests.Server(server, Handler, out _);
            Client = new StreamClient(client, _client.DialAsync, TimeProvider.System, TimeSpan.FromSeconds(60));
            _server.Start(new Received(async (stream, from, stop) =>
            {
                await StreamServer.ServeAsync(stream, from, stop);
                if (StreamServer.Refusals.Total > 0)
                {
                    _closed.TrySetResult();
                }
            }));
        }

        internal Handler Handler { get; } = new();

        internal StreamServer StreamServer { get; }

        internal StreamClient Client { get; }

        internal MemberAddress Server => MemberAddress.From(_server.LocalEndPoint);

        internal Task<StreamOutcome> PingAsync(string name) =>
            Client.PingAsync(Server, new PingMessage(77, name, MessageSource.None), TimeSpan.FromSeconds(60), default);

        /// <summary>Completes when the server has refused a stream and closed it.</summary>
        internal Task ClosedAsync() => _closed.Task.WaitAsync(TimeSpan.FromSeconds(60));

        public async ValueTask DisposeAsync()
        {
            await _client.DisposeAsync();
            await _server.DisposeAsync();
        }
    }
}
