using System.Globalization;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration;

/// <summary>
/// System properties of the old gateway (docs/spec/compat.md, chapter 6.9), given as <c>-Dname=value</c>. Those that change what clients see are
/// accept-options of all services that do not say otherwise. What none of the others does any more is said, since whoever gives one counts on it.
/// </summary>
internal static class OldSystemProperties
{
    private const string EnabledTransports = "org.kaazing.gateway.server.transport.ws.ENABLED_TRANSPORTS";
    private const string InactivityTimeout = "org.kaazing.gateway.transport.ws.INACTIVITY_TIMEOUT";
    private const string CloseTimeout = "org.kaazing.gateway.transport.ws.CLOSE_TIMEOUT";
    private const string IdleTimeout = "org.kaazing.gateway.transport.wse.IDLE_TIMEOUT";
    private const string Specification = "com.kaazing.gateway.server.transport.wse.SPECIFICATION";
    private const int LongestIdleSeconds = 24 * 60 * 60;

    // Of the values that a file uses as ${name}, none has ever begun so.
    private static readonly string[] s_beginnings = ["org.kaazing.gateway.", "com.kaazing.", "NioWorkerPool."];
    private static readonly string[] s_served = [EnabledTransports, CloseTimeout, IdleTimeout, Specification];
    private static readonly TimeIntervalFormat s_time = new(TimeSpan.FromMilliseconds(1));

    /// <summary>Reports what is wrong with those that are given, and those that do nothing.</summary>
    /// <param name="parameters">What is given on the command line.</param>
    /// <param name="position">The place to name.</param>
    /// <param name="findings">Takes what is found.</param>
    /// <returns>The accept-options of services that say nothing of it themselves.</returns>
    internal static SettingValues Read(ParameterSources parameters, SourcePosition position, Findings findings)
    {
        IReadOnlyDictionary<string, string> definitions = parameters.Definitions;
        foreach (string name in definitions.Keys.Order(StringComparer.Ordinal))
        {
            if (name == InactivityTimeout)
            {
                // It has meant a failed start for long.
                findings.Error(
                    position,
                    $"System property {name} is no longer supported, please use accept-option ws.inactivity.timeout instead in the gateway configuration file.",
                    $"Remove -D{name}.");
            }
            else if (IsOld(name) && !s_served.Contains(name))
            {
                findings.Warning(position, $"System property {name} is one of the old gateway's and does nothing.", $"Remove -D{name}.");
            }
        }

        if (parameters.JavaOptions is { Count: > 0 } java)
        {
            findings.Warning(position, $"GATEWAY_OPTS holds options of Java, which do nothing: {string.Join(' ', java)}", "Remove them; of that variable only -Dname=value is used.");
        }

        var given = new SettingValues();
        if (definitions.TryGetValue(EnabledTransports, out string? transports))
        {
            given.With(AcceptSettings.Offer, ReadTransports(transports, position, findings));
        }

        if (definitions.TryGetValue(CloseTimeout, out string? close))
        {
            if (s_time.TryRead(close, out TimeSpan time, out TextFault? fault))
            {
                given.With(AcceptSettings.CloseTimeout, (TimeSpan?)time);
            }
            else
            {
                findings.Error(position, $"System property {CloseTimeout}: {fault.Problem}", $"{fault.Cure} Better still, write ws.close.timeout in accept-options.");
            }
        }

        if (definitions.TryGetValue(IdleTimeout, out string? idle))
        {
            if (int.TryParse(idle, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds is > 0 and <= LongestIdleSeconds)
            {
                given.With(EmulationSettings.IdleTimeout, (TimeSpan?)TimeSpan.FromSeconds(seconds));
            }
            else
            {
                findings.Error(
                    position, $"System property {IdleTimeout}: \"{idle}\" is not a number of seconds.",
                    string.Create(CultureInfo.InvariantCulture, $"Write a whole number from 1 to {LongestIdleSeconds}. Better still, write wse.idle.timeout in accept-options."));
            }
        }

        if (definitions.TryGetValue(Specification, out string? specification))
        {
            // As Java reads such a property: whatever is not true is false.
            given.With(EmulationSettings.Specification, (bool?)specification.Equals("true", StringComparison.OrdinalIgnoreCase));
        }

        return given;
    }

    /// <summary>Warns of what is given on the command line and used by nothing: a name that was mistyped, or an option of Java.</summary>
    internal static void ReportUnused(ParameterSources parameters, IReadOnlySet<string> used, SourcePosition position, Findings findings)
    {
        foreach (string name in parameters.Definitions.Keys.Where(name => !used.Contains(name) && !IsOld(name)).Order(StringComparer.Ordinal))
        {
            findings.Warning(position, $"-D{name} does nothing: there is no ${{{name}}} in the file.", $"Remove it, or correct the name in one of the two places.");
        }
    }

    private static bool IsOld(string name) => s_beginnings.Any(beginning => name.StartsWith(beginning, StringComparison.Ordinal));

    private static WebSocketOffer? ReadTransports(string text, SourcePosition position, Findings findings)
    {
        const string Cure = "Write wsn, wseb, or both with a comma between; or ws.transports in accept-options.";
        string[] values = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (values.Length == 0)
        {
            findings.Error(position, $"No values provided for property '{EnabledTransports}'.", Cure);
            return null;
        }

        foreach (string value in values.Where(value => value is not ("wsn" or "wseb")))
        {
            findings.Error(position, $"Invalid value '{value}' for property '{EnabledTransports}'.", Cure);
        }

        return (values.Contains("wsn"), values.Contains("wseb")) switch
        {
            (true, false) => WebSocketOffer.Native,
            (false, true) => WebSocketOffer.Emulated,
            _ => WebSocketOffer.All,
        };
    }
}
