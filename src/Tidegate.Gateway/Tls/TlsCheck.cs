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
    /// <returns>What would keep the gateway from starting, in the order of the file, and what the start would warn of.</returns>
    public static (ImmutableArray<ConfigurationError> Errors, ImmutableArray<string> Warnings) Run(GatewayConfiguration configuration, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(time);
        var warnings = new WarningCollector();
        var errors = new List<ConfigurationError>();
        var doubts = new List<ConfigurationError>();
        HashSet<string?> unserved = [.. configuration.Unserved.Select(part => part.Service)];
        using var tls = new GatewayTls(configuration.Security, GatewayTls.LibraryOfEnvironment, time, warnings);
        foreach (ServiceConfiguration service in configuration.Services)
        {
            List<ConfigurationError> findings = unserved.Contains(service.Name) ? doubts : errors;
            foreach (ServiceAddress accept in service.AcceptOptions.Tls.Encryption ? service.Accepts : [])
            {
                var carriage = Carriage.Of(accept.Uri, service.AcceptOptions.Transports);
                foreach (ServiceAddress layer in carriage.TlsLayersOf(accept))
                {
                    bool http = (layer.Uri == carriage.TunnelTls ? carriage.Tunnel! : accept.Uri).Scheme.TakesPath;
                    Try(findings, () =>
                    {
                        tls.ForAccept(layer, service.AcceptOptions.Tls, http ? HttpServer.ApplicationProtocols(service.AcceptOptions.Http2) : []);
                        tls.WarnOfMismatch(layer);
                    });
                }
            }

            foreach (ServiceAddress connect in service.ConnectOptions.Tls.Encryption ? service.Connects : [])
            {
                foreach (ServiceAddress layer in Carriage.Of(connect.Uri, service.ConnectOptions.Transports).TlsLayersOf(connect))
                {
                    Try(findings, () => tls.ForConnect(layer, service.ConnectOptions.Tls));
                }
            }
        }

        return (InFileOrder(errors), [.. InFileOrder(doubts.Except(errors)).Select(doubt => doubt.ToString()), .. warnings.Lines.Distinct()]);
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

    private sealed class WarningCollector : ILogger
    {
        private readonly List<string> _lines = [];

        internal IReadOnlyList<string> Lines => _lines;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel == LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Warning)
            {
                _lines.Add(formatter(state, exception));
            }
        }
    }
}
