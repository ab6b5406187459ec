using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using Tidegate.Engine.Emulation;
using Tidegate.Engine.Sessions;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Clients;

/// <summary>
/// The bounds of one service on sessions that have no connection of their own, emulated WebSockets and event streams, and what the log says
/// when one is reached: its name, once in <see cref="Period"/> each. Safe to use from any thread.
/// </summary>
internal sealed partial class SessionBounds
{
    /// <summary>Of each bound there is one line in this time at most: whoever reaches one does so again and again.</summary>
    internal static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly string _service;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long Said, long LeftOut)> _said = [];

    internal SessionBounds(ServiceConfiguration configuration, TimeProvider time, ILogger logger)
    {
        _service = configuration.Name;
        _time = time;
        _logger = logger;
        EmulationLimits limits = configuration.AcceptOptions.Emulation;
        Quota = new AddressQuota(limits.MaximumSessions, limits.MaximumSessionsPerAddress);
        Reached = OnReached;
    }

    /// <summary>The places for sessions.</summary>
    internal AddressQuota Quota { get; }

    /// <summary>To be called when a bound has ended a session.</summary>
    internal Action<Session, SessionBound> Reached { get; }

    /// <summary>Takes a place for a session of this address; where there is none, why not, in words for clients.</summary>
    internal string? TryReserve(IPAddress? address)
    {
        switch (Quota.Reserve(address))
        {
            case QuotaAnswer.Taken:
                return null;
            case QuotaAnswer.Ending:
                return "This gateway is being stopped.";
            case QuotaAnswer.Full:
                Say(LogLevel.Warning, EmulationSettings.MaximumSessions.Name, string.Create(
                    CultureInfo.InvariantCulture, $"there are {Quota.Maximum} emulated WebSockets and event streams, and who opens another one gets 503"));
                return "There are too many emulated WebSockets and event streams at this address at the moment.";
            default:
                Say(LogLevel.Warning, EmulationSettings.MaximumSessionsPerAddress.Name, string.Create(
                    CultureInfo.InvariantCulture, $"{address} has {Quota.MaximumOfAddress} emulated WebSockets and event streams, and gets 503 for another one"));
                return "This address has too many emulated WebSockets and event streams.";
        }
    }

    private void OnReached(Session session, SessionBound bound)
    {
        string who = session.RemoteEndPoint?.Address.ToString() ?? "somebody";
        switch (bound)
        {
            case SessionBound.Pending:
                Say(LogLevel.Warning, EmulationSettings.MaximumPending.Name, $"{who} does not take what it is sent, and its session is cut off");
                break;
            case SessionBound.Gathered:
                Say(LogLevel.Warning, EmulationSettings.MaximumGathered.Name, $"a message in parts for {who} is too long, and the session is closed");
                break;
            default:
                Say(LogLevel.Information, EmulationSettings.ReconnectTimeout.Name, $"{who} has not come back, and its session is over");
                break;
        }
    }

    private void Say(LogLevel level, string bound, string what)
    {
        long leftOut;
        lock (_lock)
        {
            long now = _time.GetTimestamp();
            if (_said.TryGetValue(bound, out (long Said, long LeftOut) last) && _time.GetElapsedTime(last.Said, now) < Period)
            {
                _said[bound] = (last.Said, last.LeftOut + 1);
                return;
            }

            _said[bound] = (now, 0);
            leftOut = last.LeftOut;
        }

        if (leftOut == 0)
        {
            LogReached(level, bound, what, _service);
        }
        else
        {
            LogReachedAgain(level, bound, what, _service, leftOut);
        }
    }

    [LoggerMessage(Message = "{Bound} is reached: {What} (service {Service})")]
    private partial void LogReached(LogLevel level, string bound, string what, string service);

    [LoggerMessage(Message = "{Bound} is reached: {What} (service {Service}; {Count} times more since the last such line)")]
    private partial void LogReachedAgain(LogLevel level, string bound, string what, string service, long count);
}
