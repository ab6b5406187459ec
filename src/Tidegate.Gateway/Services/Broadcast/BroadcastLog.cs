using Microsoft.Extensions.Logging;
using Tidegate.Engine.Sessions;

namespace Tidegate.Gateway.Services.Broadcast;

/// <summary>
/// What the log says of the clients and feeds of one service. Clients that are too slow come in crowds, and each meets the same: the first few
/// of <see cref="Period"/> have a line each, the others are counted.
/// </summary>
/// <remarks>Callable on any loop.</remarks>
internal sealed partial class BroadcastLog(string service, int maximumPendingBytes, TimeProvider time, ILogger logger)
{
    internal static readonly TimeSpan Period = TimeSpan.FromSeconds(10);
    private const int LinesInPeriod = 10;

    private readonly Lock _lock = new();
    private long _periodBegan = time.GetTimestamp();
    private int _lines;
    private long _closedSilently;
    private long _dropped;
    private long? _droppedSaid;

    internal void Closing(Session session, long pending)
    {
        long silent;
        lock (_lock)
        {
            if (time.GetElapsedTime(_periodBegan) >= Period)
            {
                (_periodBegan, _lines) = (time.GetTimestamp(), 0);
            }

            if (++_lines > LinesInPeriod)
            {
                _closedSilently++;
                return;
            }

            (silent, _closedSilently) = (_closedSilently, 0);
        }

        string client = session.RemoteEndPoint?.ToString() ?? "that is gone already";
        if (silent == 0)
        {
            LogClosing(client, pending, maximumPendingBytes, service);
        }
        else
        {
            LogClosingMore(client, pending, maximumPendingBytes, service, silent);
        }
    }

    internal void Dropped(Session session, int messages)
    {
        long dropped;
        lock (_lock)
        {
            _dropped += messages;
            if (_droppedSaid is { } said && time.GetElapsedTime(said) < Period)
            {
                return;
            }

            _droppedSaid = time.GetTimestamp();
            (dropped, _dropped) = (_dropped, 0);
        }

        LogDropped(dropped, service, session.RemoteEndPoint?.ToString() ?? "one that is gone already");
    }

    internal void FeedJoined(string feed) => LogFeedJoined(feed, service);

    internal void FeedLost(string feed, string why) => LogFeedLost(feed, why, service);

    internal void FeedWrong(string feed, int maximum) => LogFeedWrong(feed, maximum, service);

    [LoggerMessage(Level = LogLevel.Information, Message = "Closing client session {Client} because scheduled write bytes {Pending} exceeds the configured limit of {Maximum} (service {Service})")]
    private partial void LogClosing(string client, long pending, int maximum, string service);

    [LoggerMessage(Level = LogLevel.Information, Message = "Closing client session {Client} because scheduled write bytes {Pending} exceeds the configured limit of {Maximum} (service {Service}; {Count} more since the last such line)")]
    private partial void LogClosingMore(string client, long pending, int maximum, string service, long count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} messages were dropped for clients that are too slow (service {Service}; the last was {Client})")]
    private partial void LogDropped(long count, string service, string client);

    [LoggerMessage(Level = LogLevel.Information, Message = "A feed has connected from {Feed} (service {Service})")]
    private partial void LogFeedJoined(string feed, string service);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The feed {Feed} is lost: {Why} (service {Service})")]
    private partial void LogFeedLost(string feed, string why, string service);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The feed {Feed} was closed: a message is longer than {Maximum} bytes, or is not framed as \"framing\" says (service {Service})")]
    private partial void LogFeedWrong(string feed, int maximum, string service);
}
