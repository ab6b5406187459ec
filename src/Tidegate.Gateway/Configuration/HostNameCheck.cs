using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;

namespace Tidegate.Gateway.Configuration;

/// <summary>Whether the host names that services accept at lead anywhere from this machine: worth a warning before start makes it an error.</summary>
public static class HostNameCheck
{
    /// <summary>How long all names together are looked for. Checking a file must not depend on a name server that does not answer.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(2);

    /// <summary>As many names are looked up for one file; a hostile one could hold millions.</summary>
    private const int MaximumNames = 256;

    /// <summary>A warning for each name of an accept, or of its bind option, that does not resolve.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="resolve">Looks a name up; null for the system's resolver.</param>
    /// <returns>The warnings in the order of the file; none for names that no answer came for within <see cref="Bound"/>.</returns>
    public static async Task<ImmutableArray<ConfigurationError>> RunAsync(
        GatewayConfiguration configuration, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        resolve ??= Dns.GetHostAddressesAsync;
        using var bound = new CancellationTokenSource(Bound);
        (HostName Name, SourcePosition Position)[] names = [.. NamesIn(configuration).DistinctBy(name => name.Item1).Take(MaximumNames)];
        bool[] lost = await Task.WhenAll(names.Select(name => IsLostAsync(name.Name.Name, resolve, bound.Token))).ConfigureAwait(false);
        return
        [
            .. from name in names.Zip(lost)
               where name.Second
               select new ConfigurationError(
                   name.First.Position,
                   $"Unable to resolve DNS name: {name.First.Name}.",
                   "Where the gateway runs it must resolve, or it will not start; a bind option such as tcp.bind makes the name one for clients only."),
        ];
    }

    private static IEnumerable<(HostName, SourcePosition)> NamesIn(GatewayConfiguration configuration)
    {
        IEnumerable<(HostName?, SourcePosition)> services =
            from service in configuration.Services
            from accept in service.Accepts
            select (service.AcceptOptions.PlaceOf(accept.Uri).Host as HostName, accept.Position);
        IEnumerable<(HostName?, SourcePosition)> cluster =
            from accept in configuration.Cluster?.Accepts ?? []
            select (ClusterAddresses.NameIn(accept), configuration.Cluster!.Position);
        return from name in services.Concat(cluster)
               where name.Item1 is not null
               select (name.Item1, name.Item2);
    }

    private static async Task<bool> IsLostAsync(string name, Func<string, CancellationToken, Task<IPAddress[]>> resolve, CancellationToken bound)
    {
        try
        {
            return (await resolve(name, bound).WaitAsync(bound).ConfigureAwait(false)).Length == 0;
        }
        catch (SocketException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
