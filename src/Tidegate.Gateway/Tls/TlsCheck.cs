using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Tls;

/// <summary>Whether TLS can be spoken as a configuration asks for it: opens the stores as the start does, and listens nowhere.</summary>
public static class TlsCheck
{
    /// <summary>
    /// Sets TLS up for every accept and connect that speaks it. Stores that nobody needs are not opened, as at the start.
    /// </summary>
    /// <param name="configuration">The configuration. For a service that the start leaves out or refuses for another reason, errors are warnings.</param>
    /// <param name="time">What tells how late it is: certificates expire.</param>
    /// <returns>What would keep the gateway from starting and what the start would warn of, each in the order of the file.</returns>
    public static (ImmutableArray<ConfigurationError> Errors, ImmutableArray<ConfigurationError> Warnings) Run(GatewayConfiguration configuration, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(time);
        if (configuration.Security.IsDoubtful)
        {
            // Whether there are certificates can not be said.
            return ([], []);
        }

        var warnings = new WarningCollector(configuration.Security.Keystore?.Position);
        var errors = new List<ConfigurationError>();
        var doubts = new List<ConfigurationError>();
        HashSet<string?> unserved = [.. configuration.Unserved.Select(part => part.Service)];
        using var tls = new GatewayTls(configuration.Security, GatewayTls.LibraryOfEnvironment, time, warnings);
        foreach (ServiceConfiguration service in configuration.Services.Where(service => !service.Doubts.HasFlag(ServiceDoubts.Tls)))
        {
            List<ConfigurationError> findings = unserved.Contains(service.Name) ? doubts : errors;
            bool knowsPlaces = !service.Doubts.HasFlag(ServiceDoubts.AcceptPlaces);
            foreach (ServiceAddress accept in service.AcceptOptions.Tls.Encryption && knowsPlaces ? service.Accepts : [])
            {
                var carriage = Carriage.Of(accept.Uri, service.AcceptOptions.Transports);
                foreach (ServiceAddress layer in carriage.TlsLayersOf(accept))
                {
                    bool http = (layer.Uri == carriage.TunnelTls ? carriage.Tunnel! : accept.Uri).Scheme.TakesPath;
                    warnings.Position = layer.Position;
                    Try(findings, () =>
                    {
                        tls.ForAccept(layer, service.AcceptOptions.Tls, http ? HttpServer.ApplicationProtocols(service.AcceptOptions.Http2) : []);
                        tls.WarnOfMismatch(layer);
                    });
                }
            }

            knowsPlaces = !service.Doubts.HasFlag(ServiceDoubts.ConnectPlaces);
            foreach (ServiceAddress connect in service.ConnectOptions.Tls.Encryption && knowsPlaces ? service.Connects : [])
            {
                foreach (ServiceAddress layer in Carriage.Of(connect.Uri, service.ConnectOptions.Transports).TlsLayersOf(connect))
                {
                    warnings.Position = layer.Position;
                    Try(findings, () => tls.ForConnect(layer, service.ConnectOptions.Tls));
                }
            }
        }

        return (InFileOrder(errors), InFileOrder(doubts.Except(errors).Concat(warnings.Found)));
    }

    private static ImmutableArray<ConfigurationError> InFileOrder(IEnumerable<ConfigurationError> errors) =>
        [.. errors.Distinct().OrderBy(error => error.Position.Line).ThenBy(error => error.Position.Column)];

    private static void Try(List<ConfigurationError> findings, Action setUp)
    {
        try
        {
            setUp();
        }
        catch (GatewayStartException exception) when (exception.Finding is { } finding)
        {
            findings.Add(finding);
        }
    }

    /// <summary>Takes what the start would log, and says where in the file it belongs.</summary>
    /// <param name="keystore">Where the keystore is named.</param>
    private sealed class WarningCollector(SourcePosition? keystore) : ILogger
    {
        internal List<ConfigurationError> Found { get; } = [];

        /// <summary>The accept or connect that is being looked at.</summary>
        internal SourcePosition Position { get; set; } = SourcePosition.Unknown;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel == LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Warning)
            {
                // A line that does not name its place is about the certificates themselves.
                string line = formatter(state, exception);
                string place = $"{Position}: ";
                bool isPlaced = line.StartsWith(place, StringComparison.Ordinal);
                Found.Add(new ConfigurationError(isPlaced ? Position : keystore ?? Position, isPlaced ? line[place.Length..] : line, ""));
            }
        }
    }
}
