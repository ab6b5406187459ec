using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration;

/// <summary>
/// System properties of the old gateway (docs/spec/compat.md, chapter 6.9), given as <c>-Dname=value</c>. What none of them does any more is said,
/// since whoever gives one counts on it.
/// </summary>
internal static class OldSystemProperties
{
    private const string EnabledTransports = "org.kaazing.gateway.server.transport.ws.ENABLED_TRANSPORTS";
    private const string InactivityTimeout = "org.kaazing.gateway.transport.ws.INACTIVITY_TIMEOUT";

    // Of the values that a file uses as ${name}, none has ever begun so.
    private static readonly string[] s_beginnings = ["org.kaazing.gateway.", "com.kaazing.", "NioWorkerPool."];

    /// <summary>Reports what is wrong with those that are given, and those that do nothing.</summary>
    /// <param name="definitions">What is given on the command line.</param>
    /// <param name="position">The place to name.</param>
    /// <param name="findings">Takes what is found.</param>
    /// <returns>The ways to a WebSocket that services offer which say nothing of it themselves; null where that is not given.</returns>
    internal static WebSocketOffer? Read(IReadOnlyDictionary<string, string> definitions, SourcePosition position, Findings findings)
    {
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
            else if (name != EnabledTransports && s_beginnings.Any(beginning => name.StartsWith(beginning, StringComparison.Ordinal)))
            {
                findings.Warning(position, $"System property {name} is one of the old gateway's and does nothing.", $"Remove -D{name}.");
            }
        }

        return definitions.TryGetValue(EnabledTransports, out string? transports) ? ReadTransports(transports, position, findings) : null;
    }

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
