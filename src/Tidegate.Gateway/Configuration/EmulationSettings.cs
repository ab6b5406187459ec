using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Configuration;

/// <summary>The <c>wse.*</c> options of accepts.</summary>
internal static class EmulationSettings
{
    private const int MostSessions = 10_000_000;
    private static readonly EmulationLimits s_defaults = new();
    private static readonly TimeIntervalFormat s_time = new(TimeSpan.FromSeconds(1));

    internal static readonly Setting<TimeSpan> IdleTimeout = new(
        "wse.idle.timeout", s_time,
        "After how long a silence the client of an emulated WebSocket gives up; it is sent something before. Without it 60 seconds, or as long as ws.inactivity.timeout if that is from 5 to 60 seconds.");

    internal static readonly Setting<TimeSpan> ReconnectTimeout = new(
        "wse.reconnect.timeout", s_time, s_defaults.ReconnectTimeout,
        "How long an emulated WebSocket or an event stream goes on while its client fetches nothing.");

    internal static readonly Setting<bool> Specification = new(
        "wse.specification", Choices.EnabledOrDisabled, s_defaults.Specification,
        "Whether clients of emulated WebSockets must say their version and number their requests, and get no frame that only begins a response.");

    internal static readonly Setting<int> MaximumSessions = new(
        "wse.maximum.sessions", new WholeNumberFormat(1, MostSessions), s_defaults.MaximumSessions,
        "How many emulated WebSockets and event streams the service has at once; who comes then gets 503.");

    internal static readonly Setting<int> MaximumSessionsPerAddress = new(
        "wse.maximum.sessions.per.address", new WholeNumberFormat(1, MostSessions), s_defaults.MaximumSessionsPerAddress,
        "How many of them one client address may have, of IPv6 its first half; who comes then gets 503.");

    internal static readonly Setting<int> MaximumGathered = new(
        "wse.maximum.gathered.bytes", new DataSizeFormat(), s_defaults.MaximumGathered,
        "How long a message may be that comes from the service in parts and is put together for the client of an emulated WebSocket or an event stream; a longer one ends the session.");

    internal static readonly Setting<int> MaximumPending = new(
        "wse.maximum.pending.bytes", new DataSizeFormat(), s_defaults.MaximumPending,
        "How much may wait for the client of an emulated WebSocket or an event stream beyond what the service itself lets wait, and one message; then the session ends.");

    internal static readonly Setting[] All =
        [IdleTimeout, ReconnectTimeout, Specification, MaximumSessions, MaximumSessionsPerAddress, MaximumGathered, MaximumPending];

    /// <summary>The options that these values make.</summary>
    internal static EmulationLimits Build(SettingValues values) => new()
    {
        IdleTimeout = values.Has(IdleTimeout) ? values.Get(IdleTimeout) : null,
        ReconnectTimeout = values.Get(ReconnectTimeout),
        Specification = values.Get(Specification),
        MaximumSessions = values.Get(MaximumSessions),
        MaximumSessionsPerAddress = values.Get(MaximumSessionsPerAddress),
        MaximumGathered = values.Get(MaximumGathered),
        MaximumPending = values.Get(MaximumPending),
    };

    /// <summary>Adds the values that make these options.</summary>
    internal static void Take(EmulationLimits limits, SettingValues into) => into
        .With(IdleTimeout, limits.IdleTimeout)
        .WithUnlessDefault(ReconnectTimeout, limits.ReconnectTimeout)
        .WithUnlessDefault(Specification, limits.Specification)
        .WithUnlessDefault(MaximumSessions, limits.MaximumSessions)
        .WithUnlessDefault(MaximumSessionsPerAddress, limits.MaximumSessionsPerAddress)
        .WithUnlessDefault(MaximumGathered, limits.MaximumGathered)
        .WithUnlessDefault(MaximumPending, limits.MaximumPending);
}
