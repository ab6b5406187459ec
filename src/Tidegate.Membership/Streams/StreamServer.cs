using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Tidegate.Membership.Security;
using Tidegate.Membership.Transport;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Streams;

/// <summary>What is done with the streams that others open. Called on any thread, several at a time.</summary>
internal interface IStreamHandler
{
    /// <summary>True where a ping for this name is answered here.</summary>
    bool IsMe(string node);

    /// <summary>Merges the other side's state and answers with ours.</summary>
    PushPullAnswer OnPushPull(ClusterState state, MemberAddress from);

    /// <summary>A user message without its type byte or header.</summary>
    void OnUserMessage(ReadOnlyMemory<byte> message, MemberAddress from);
}

/// <summary>
/// The listening side of streams (annex A3): reads one message, answers it, closes. All of it within
/// <see cref="StreamLimits.Deadline"/>, and no more at a time than the limits say.
/// </summary>
internal sealed class StreamServer
{
    private readonly Envelope _envelope;
    private readonly IStreamHandler _handler;
    private readonly TimeProvider _time;
    private readonly TimeSpan _deadline;
    private readonly StreamBudget _budget;
    private int _streams;
    private int _pushPulls;

    /// <param name="envelope">The cluster's label and keys.</param>
    /// <param name="handler">Says what is answered.</param>
    /// <param name="logger">Gets a line for what is refused, at most once a second for each reason.</param>
    /// <param name="time">Ends streams that take too long.</param>
    /// <param name="deadline">How long that is; <see cref="StreamLimits.Deadline"/> outside of tests.</param>
    /// <param name="budget">What all streams may hold.</param>
    internal StreamServer(
        Envelope envelope, IStreamHandler handler, ILogger logger, TimeProvider time, TimeSpan? deadline = null, StreamBudget? budget = null)
    {
        _envelope = envelope;
        _handler = handler;
        _time = time;
        _deadline = deadline ?? StreamLimits.Deadline;
        _budget = budget ?? new StreamBudget();
        Refusals = new RefusalLog<StreamRefusal>(logger, time, "a stream", StreamRefusals.Describe);
    }

    /// <summary>What was refused, by its reason.</summary>
    internal RefusalLog<StreamRefusal> Refusals { get; }

    /// <summary>Streams open now.</summary>
    internal int Streams => Volatile.Read(ref _streams);

    /// <summary>Serves one stream to its end and disposes it. Does not throw for anything that a peer does.</summary>
    internal async Task ServeAsync(Stream stream, MemberAddress from, CancellationToken cancellationToken)
    {
        await using ConfiguredAsyncDisposable _ = stream.ConfigureAwait(false);
        try
        {
            if (Interlocked.Increment(ref _streams) > StreamLimits.Streams)
            {
                Refusals.Note(StreamRefusal.TooManyStreams, from);
                return;
            }

            using CancellationTokenSource deadline = new(_deadline, _time);
            using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            StreamRefusal refusal = await ServeInTimeAsync(stream, from, either.Token).ConfigureAwait(false);
            if (refusal == StreamRefusal.Closed)
            {
                Refusals.CountOnly(refusal);
            }
            else if (refusal != StreamRefusal.None && !cancellationToken.IsCancellationRequested)
            {
                Refusals.Note(refusal, from);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _streams);
        }
    }

    private async Task<StreamRefusal> ServeInTimeAsync(Stream stream, MemberAddress from, CancellationToken cancellationToken)
    {
        using StreamBudget.Share share = new(_budget);
        bool isPushPull = false;
        try
        {
            StreamReading reading = await PeerStreamReader.ReadAsync(stream, _envelope, expectLabel: true, share, cancellationToken).ConfigureAwait(false);
            isPushPull = reading.Message is ClusterState;
            bool isTooMany = isPushPull && Interlocked.Increment(ref _pushPulls) > StreamLimits.PushPulls;
            StreamRefusal refusal = isTooMany ? StreamRefusal.TooManyPushPulls : reading.Refusal;
            PeerMessage? answer = null;
            if (refusal == StreamRefusal.None)
            {
                (answer, refusal) = Answer(reading.Message, from);
            }

            if (StreamRefusals.IsAnswered(refusal))
            {
                answer = new StreamError(StreamRefusals.Describe(refusal));
            }

            if (answer is not null)
            {
                StreamRefusal sent = await SendLastAsync(stream, answer, refusal != StreamRefusal.None, cancellationToken).ConfigureAwait(false);
                refusal = refusal == StreamRefusal.None ? sent : refusal;
            }

            return refusal;
        }
        finally
        {
            if (isPushPull)
            {
                Interlocked.Decrement(ref _pushPulls);
            }
        }
    }

    private (PeerMessage? Answer, StreamRefusal Refusal) Answer(PeerMessage? message, MemberAddress from)
    {
        switch (message)
        {
            case ClusterState state:
                PushPullAnswer reply = _handler.OnPushPull(state, from);
                return reply.Refusal is { } error ? (new StreamError(error), StreamRefusal.Declined) : (reply.State, StreamRefusal.None);
            case StreamPing { Ping: { } ping }:
                return ping.Node.Length == 0 || _handler.IsMe(ping.Node)
                    ? (new StreamAck(new AckMessage(ping.SeqNo, RawBytes.Nil)), StreamRefusal.None)
                    : (null, StreamRefusal.OtherMember);
            case StreamUser user:
                _handler.OnUserMessage(user.Body, from);
                return (null, StreamRefusal.None);
            default:
                return (null, StreamRefusal.UnknownType);
        }
    }

    private async Task<StreamRefusal> SendLastAsync(Stream stream, PeerMessage answer, bool drain, CancellationToken cancellationToken)
    {
        try
        {
            await stream.WriteAsync(PeerStreamWriter.Encode(answer, _envelope, writeLabel: false), cancellationToken).ConfigureAwait(false);
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);

            // Closing with bytes unread resets the connection, and the reset can destroy the error on its way.
            if (drain)
            {
                (stream as MemberStream)?.EndSending();
                byte[] thrownAway = new byte[8 << 10];
                int drained = 0;
                int read;
                while (drained < StreamLimits.Drained && (read = await stream.ReadAsync(thrownAway, cancellationToken).ConfigureAwait(false)) > 0)
                {
                    drained += read;
                }
            }

            return StreamRefusal.None;
        }
        catch (OperationCanceledException)
        {
            return StreamRefusal.TimedOut;
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            return StreamRefusal.Broken;
        }
        catch (InvalidOperationException)
        {
            // The answer: peers would refuse it.
            return StreamRefusal.TooLarge;
        }
    }
}
