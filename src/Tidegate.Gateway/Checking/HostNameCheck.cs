using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Listening;

namespace Tidegate.Gateway.Checking;

/// <summary>
/// Whether the host names of a configuration lead anywhere from this machine. The file may be for another one, so that checking it only
/// warns; starting needs the names of accepts and bind options. Those of connects are asked for again with each connection.
/// </summary>
internal static class HostNameCheck
{
    /// <summary>How long all names together are looked for that nothing depends on: a name server that does not answer must hold nobody up.</summary>
    internal static readonly TimeSpan Bound = TimeSpan.FromSeconds(2);

    /// <summary>How long for names without which the gateway can not start. Resolvers usually give up before.</summary>
    internal static readonly TimeSpan StartBound = TimeSpan.FromSeconds(30);

    /// <summary>As many names are looked up for one file; a hostile one could hold millions.</summary>
    private const int MaximumNames = 1000;

    private const int LookupsAtOnce = 32;

    private const int MaximumLines = 5;

    /// <summary>Looks up every name of the accepts, bind options and connects.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="starting">Whether it is about to be started here; otherwise everything found is a warning.</param>
    /// <param name="resolve">Looks a name up; null for the system's resolver.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    internal static async Task<ResolvedNames> RunAsync(
        GatewayConfiguration configuration, bool starting, Func<string, CancellationToken, Task<IPAddress[]>>? resolve, CancellationToken cancellation)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var startBound = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bound.CancelAfter(Bound);
        startBound.CancelAfter(StartBound);
        using var turns = new SemaphoreSlim(LookupsAtOnce);

        // Those that must resolve first, so that they get their turns first.
        IGrouping<string, NameUse>[] names = [.. UsesIn(configuration).OrderBy(use => !use.MustResolve).GroupBy(use => use.Name).Take(MaximumNames)];
        Answer[] answers = await Task.WhenAll(names.Select(name => LookUpAsync(
            name.Key, resolve ?? AskSystemAsync, turns, starting && name.Any(use => use.MustResolve) ? startBound.Token : bound.Token, cancellation))).ConfigureAwait(false);
        var errors = new List<ConfigurationError>();
        var warnings = new List<ConfigurationError>();
        foreach ((IGrouping<string, NameUse> name, Answer answer) in names.Zip(answers).Where(pair => pair.Second.Addresses.IsEmpty))
        {
            foreach (IGrouping<bool, NameUse> uses in name.GroupBy(use => use.MustResolve))
            {
                bool isError = starting && uses.Key;
                (isError ? errors : warnings).Add(Lost([.. uses], answer, starting));
            }
        }

        return new ResolvedNames(
            names.Zip(answers).ToImmutableDictionary(pair => pair.First.Key, pair => pair.Second.Addresses), [.. errors], [.. warnings]);
    }

    private static IEnumerable<NameUse> UsesIn(GatewayConfiguration configuration)
    {
        for (int i = 0; i < (configuration.Cluster?.Accepts.Length ?? 0); i++)
        {
            ClusterAddress accept = configuration.Cluster!.Accepts[i];
            if (NameIn(ClusterAddresses.NameIn(accept)) is { } name)
            {
                yield return new NameUse(name, configuration.Cluster.PositionOfAccept(i), accept.ToString(), MustResolve: true);
            }
        }

        foreach (ServiceConfiguration service in configuration.Services)
        {
            foreach (ServiceAddress accept in service.Doubts.HasFlag(ServiceDoubts.AcceptPlaces) ? [] : service.Accepts)
            {
                if (NameIn(service.AcceptOptions.PlaceOf(accept.Uri).Host) is { } name)
                {
                    yield return new NameUse(name, service.PlacePositionOf(accept), accept.Uri.ToString(), MustResolve: true);
                }
            }

            if (service.Doubts.HasFlag(ServiceDoubts.ConnectPlaces))
            {
                continue;
            }

            if (service.Connects.Length > 0 && NameIn(service.ConnectOptions.TcpBind?.Host) is { } local)
            {
                yield return new NameUse(local, service.LocalPosition, "tcp.bind", MustResolve: true);
            }

            foreach (ServiceAddress connect in service.Connects)
            {
                if (NameIn(Carriage.Of(connect.Uri, service.ConnectOptions.Transports).Place.Host) is { } name)
                {
                    yield return new NameUse(name, service.ConnectPositionOf(connect), connect.Uri.ToString(), MustResolve: false);
                }
            }
        }
    }

    // What localhost is needs no resolver (RFC 6761, section 6.3).
    private static string? NameIn(UriHost? host) => host is HostName { Name: not "localhost" and var name } ? name : null;

    private static ConfigurationError Lost(NameUse[] uses, Answer answer, bool starting)
    {
        NameUse first = uses[0];
        string problem = PhysicalAddresses.Unresolved(first.Name, first.Where);
        if (!answer.IsThere)
        {
            problem = string.Create(
                CultureInfo.InvariantCulture, $"{problem[..^1]}: no answer within {(first.MustResolve && starting ? StartBound : Bound).TotalSeconds} s.");
        }

        int[] lines = [.. uses.Select(use => use.Position.Line).Distinct().Where(line => line != first.Position.Line)];
        if (lines.Length > 0)
        {
            problem += $" It stands in line{(lines.Length == 1 ? "" : "s")} {string.Join(", ", lines.Take(MaximumLines))}{(lines.Length > MaximumLines ? " and more" : "")} too.";
        }

        return new ConfigurationError(
            first.Position,
            problem,
            !first.MustResolve ? "Connections to it fail until it resolves: correct the name, or write the address itself."
            : starting ? PhysicalAddresses.RightName
            : "Where the gateway runs it must resolve, or it will not start; a bind option such as tcp.bind makes the name of an accept one for clients only.");
    }

    private static async Task<Answer> LookUpAsync(
        string name, Func<string, CancellationToken, Task<IPAddress[]>> resolve, SemaphoreSlim turns, CancellationToken bound, CancellationToken cancellation)
    {
        bool hasTurn = false;
        try
        {
            await turns.WaitAsync(bound).ConfigureAwait(false);
            hasTurn = true;
            return new Answer([.. await resolve(name, bound).WaitAsync(bound).ConfigureAwait(false)], IsThere: true);
        }
        catch (SocketException)
        {
            return new Answer([], IsThere: true);
        }
        catch (OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return new Answer([], IsThere: false);
        }
        finally
        {
            if (hasTurn)
            {
                turns.Release();
            }
        }
    }

    // A resolver that hears nothing blocks its thread for long: not one that others wait for.
    private static Task<IPAddress[]> AskSystemAsync(string name, CancellationToken cancellation) => Task.Factory.StartNew(
        () => Dns.GetHostAddresses(name), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>A name, where it stands and in what.</summary>
    private sealed record NameUse(string Name, SourcePosition Position, string Where, bool MustResolve);

    /// <summary>What the resolver said, if it said anything in time.</summary>
    private sealed record Answer(ImmutableArray<IPAddress> Addresses, bool IsThere);
}

/// <summary>What the names of a configuration stand for.</summary>
/// <param name="Addresses">The addresses of each name; empty for one that does not resolve.</param>
/// <param name="Errors">Names without which the gateway can not start.</param>
/// <param name="Warnings">Others that do not resolve.</param>
internal sealed record ResolvedNames(
    ImmutableDictionary<string, ImmutableArray<IPAddress>> Addresses, ImmutableArray<ConfigurationError> Errors, ImmutableArray<ConfigurationError> Warnings);
