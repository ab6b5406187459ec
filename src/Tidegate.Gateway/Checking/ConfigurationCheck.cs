using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Source;
using Tidegate.Gateway.Listening;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Services;
using Tidegate.Gateway.Tls;

namespace Tidegate.Gateway.Checking;

/// <summary>
/// Everything that can be said of a configuration file before anything is started, in one go: what the reader finds, what this machine
/// does not have, what TLS needs, what services claim twice, and what is not served yet. An error of one kind does not hide another.
/// </summary>
public sealed class ConfigurationCheck
{
    private readonly List<ConfigurationFinding> _findings = [];

    private ConfigurationCheck()
    {
    }

    /// <summary>Reads a file and checks it.</summary>
    /// <param name="file">The file, named in messages as it is named here.</param>
    /// <param name="options">What it is checked for.</param>
    /// <param name="cancellation">Ends the check.</param>
    public static async Task<CheckedConfiguration> RunAsync(string file, CheckOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(options);
        ReadConfiguration read = ConfigurationReader.ReadAsFarAsPossible(file, options.Parameters);
        var check = new ConfigurationCheck();
        check.Add(read.Errors, isError: true);
        if (read.Configuration is { } configuration)
        {
            check.Add(configuration.Warnings, isError: false);
            check.AddUnserved(configuration, options);
            await check.AddPlacesAsync(Considered(configuration, options), read.Errors, options, cancellation).ConfigureAwait(false);
        }

        ImmutableArray<ConfigurationFinding> findings = [.. InFileOrder(check.Bounded(file, isError: true).Concat(check.Bounded(file, isError: false)))];
        return new CheckedConfiguration(findings.Any(finding => finding.IsError) ? null : read.Configuration, findings);
    }

    /// <summary>The services that are not left out anyway.</summary>
    private static GatewayConfiguration Considered(GatewayConfiguration configuration, CheckOptions options)
    {
        HashSet<string?> leftOut = [.. configuration.AllUnserved.Where(part => part.IsDispensable || options is { IsStart: true, Lenient: true }).Select(part => part.Service)];
        return configuration with
        {
            Services = [.. configuration.Services.Where(service => !leftOut.Contains(service.Name))],
            Cluster = leftOut.Contains(null) ? null : configuration.Cluster,
        };
    }

    private void AddUnserved(GatewayConfiguration configuration, CheckOptions options)
    {
        foreach (UnservedPart part in configuration.AllUnserved)
        {
            bool isRefused = options is { IsStart: true, Lenient: false } && !part.IsDispensable;
            ConfigurationError what = options is { IsStart: true, Lenient: true } ? part.WhenLenient : part.Finding;
            _findings.Add(new ConfigurationFinding(what, isRefused) { IsUnserved = !part.IsDispensable });
        }
    }

    private async Task AddPlacesAsync(
        GatewayConfiguration configuration, ImmutableArray<ConfigurationError> errors, CheckOptions options, CancellationToken cancellation)
    {
        Add(LocalAddresses.Check(configuration), isError: true);
        Add(ClusterKeys.Check(configuration, Environment.GetEnvironmentVariable(ClusterKeys.Variable)), isError: true);
        Add(Realms.Check(configuration, options.TimeProvider, options.PluginDirectory), isError: true);
        Add(MulticastCheck.Run(configuration, options.MachineDirectory), isError: false);
        if (options.WebDirectory is { } webDirectory)
        {
            Add(configuration.Services.SelectMany(service => ServiceTypes.Find(service.Type)?.MissingFor(service, webDirectory) ?? []), options.IsStart);
        }

        ResolvedNames names = await HostNameCheck.RunAsync(configuration, options.IsStart, options.Resolve, cancellation).ConfigureAwait(false);
        Add(names.Errors, isError: true);
        Add(names.Warnings, isError: false);

        // The reader has compared accepts as they are written; where it has found one twice, that is said.
        HashSet<SourcePosition> said = [.. errors.Select(error => error.Position)];
        Add(ClaimCheck.Run(configuration, names.Addresses).Where(error => !said.Contains(error.Position)), isError: true);

        (ImmutableArray<ConfigurationError> tlsErrors, ImmutableArray<ConfigurationError> tlsWarnings) = TlsCheck.Run(configuration, options.TimeProvider);
        Add(tlsErrors, isError: true);
        _findings.AddRange(tlsWarnings.Select(warning => new ConfigurationFinding(warning, IsError: false) { IsLoggedAtStart = true }));
    }

    private void Add(IEnumerable<ConfigurationError> found, bool isError) => _findings.AddRange(found.Select(what => new ConfigurationFinding(what, isError)));

    /// <summary>As many of a kind as help anybody.</summary>
    private IEnumerable<ConfigurationFinding> Bounded(string file, bool isError)
    {
        ConfigurationFinding[] all = [.. InFileOrder(_findings.Where(finding => finding.IsError == isError).Distinct())];
        return all.Length <= Findings.Maximum
            ? all
            : all.Take(Findings.Maximum).Append(new ConfigurationFinding(Findings.TooMany(file), isError));
    }

    // What has no line is about the file as a whole or about the findings above, and belongs at the end.
    private static IEnumerable<ConfigurationFinding> InFileOrder(IEnumerable<ConfigurationFinding> findings) => findings
        .OrderBy(finding => finding.What.Position.Line == 0 ? int.MaxValue : finding.What.Position.Line)
        .ThenBy(finding => finding.What.Position.Column)
        .ThenBy(finding => !finding.IsError);
}
