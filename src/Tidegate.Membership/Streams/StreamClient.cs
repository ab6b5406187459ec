using Tidegate.Membership.Security;
using Tidegate.Membership.Transport;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Streams;

/// <summary>How a stream that was opened here ended.</summary>
/// <param name="Dial">How connecting ended; the rest means something only where it is connected.</param>
/// <param name="Refusal">What went wrong after that.</param>
/// <param name="Answer">The other side's answer, where one was due and came.</param>
internal sealed record StreamOutcome(DialResult Dial, StreamRefusal Refusal, PeerMessage? Answer)
{
    /// <summary>True where all went as it should.</summary>
    internal bool IsDone => Dial == DialResult.Connected && Refusal == StreamRefusal.None;

    /// <summary>What went wrong, in words for the log.</summary>
    internal string Describe() => Dial switch
    {
        DialResult.Refused => "the connection was refused: the host is there, and nothing listens on the port",
        DialResult.TimedOut => "there was no answer in time",
        DialResult.Unreachable => "there is no way there",
        _ when Refusal == StreamRefusal.None => "done",
        _ => Answer is StreamError error ? $"remote error: {error.Error}" : StreamRefusals.Describe(Refusal),
    };
}

/// <summary>The dialling side of streams (annex A3). Nothing that a peer does makes it throw.</summary>
internal sealed class StreamClient
{
    private readonly Envelope _envelope;
    private readonly Func<MemberAddress, CancellationToken, Task<Dialled>> _dial;
    private readonly TimeProvider _time;
    private readonly TimeSpan _deadline;
    private readonly StreamBudget _budget;

    /// <param name="envelope">The cluster's label and keys.</param>
    /// <param name="dial">Connects; <see cref="MemberTransport.DialAsync"/>.</param>
    /// <param name="time">Ends what takes too long.</param>
    /// <param name="deadline">How long that is; <see cref="StreamLimits.Deadline"/> outside of tests.</param>
    /// <param name="budget">What all streams may hold; shared with the listening side.</param>
    internal StreamClient(
        Envelope envelope, Func<MemberAddress, CancellationToken, Task<Dialled>> dial, TimeProvider time, TimeSpan? deadline = null, StreamBudget? budget = null)
    {
        _envelope = envelope;
        _dial = dial;
        _time = time;
        _deadline = deadline ?? StreamLimits.Deadline;
        _budget = budget ?? new StreamBudget();
    }

    /// <summary>A push/pull. The state to send is asked for once connected. The answer is a <see cref="ClusterState"/> or a <see cref="StreamError"/>.</summary>
    internal Task<StreamOutcome> ExchangeAsync(MemberAddress to, Func<ClusterState> local, CancellationToken cancellationToken) =>
        RunAsync(to, local, static answer => answer is ClusterState, _deadline, cancellationToken);

    /// <summary>A ping by TCP, which must be answered with its own number.</summary>
    internal Task<StreamOutcome> PingAsync(MemberAddress to, PingMessage ping, TimeSpan timeout, CancellationToken cancellationToken) =>
        RunAsync(to, () => new StreamPing(ping), answer => answer is StreamAck ack && ack.Ack.SeqNo == ping.SeqNo, timeout, cancellationToken);

    /// <summary>Sends a user message. There is no answer, so being done means no more than that it was sent.</summary>
    internal Task<StreamOutcome> SendUserAsync(MemberAddress to, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        RunAsync(to, () => new StreamUser(body), isAnswer: null, _deadline, cancellationToken);

    private async Task<StreamOutcome> RunAsync(
        MemberAddress to, Func<PeerMessage> message, Func<PeerMessage, bool>? isAnswer, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using CancellationTokenSource deadline = new(timeout, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        Dialled dialled = await _dial(to, either.Token).ConfigureAwait(false);
        if (dialled.Stream is not { } stream)
        {
            return new StreamOutcome(dialled.Result, StreamRefusal.None, null);
        }

        await using (stream.ConfigureAwait(false))
        {
            StreamRefusal sent = await SendAsync(stream, message(), either.Token).ConfigureAwait(false);
            if (isAnswer is null || sent == StreamRefusal.TooLarge)
            {
                return new StreamOutcome(DialResult.Connected, sent, null);
            }

            // Who refuses what we send may answer why and close before all of it is sent, so the answer is read in any case.
            using StreamBudget.Share share = new(_budget);
            StreamReading reading = await PeerStreamReader.ReadAsync(stream, _envelope, expectLabel: false, share, either.Token).ConfigureAwait(false);
            StreamRefusal refusal = reading.Message switch
            {
                null => sent == StreamRefusal.None ? reading.Refusal : sent,
                StreamError => StreamRefusal.RemoteError,
                StreamAck when !isAnswer(reading.Message) => StreamRefusal.OtherMember,
                _ => isAnswer(reading.Message) ? StreamRefusal.None : StreamRefusal.UnknownType,
            };
            return new StreamOutcome(DialResult.Connected, refusal, reading.Message);
        }
    }

    private async Task<StreamRefusal> SendAsync(MemberStream stream, PeerMessage message, CancellationToken cancellationToken)
    {
        try
        {
            await stream.WriteAsync(PeerStreamWriter.Encode(message, _envelope, writeLabel: true), cancellationToken).ConfigureAwait(false);
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
            // Peers would refuse it.
            return StreamRefusal.TooLarge;
        }
    }
}
