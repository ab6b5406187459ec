using Tidegate.Engine.Tls;
using Tidegate.Gateway.Tls;

namespace Tidegate.Gateway;

/// <summary>What a gateway is told besides its configuration file.</summary>
public sealed record GatewayServerOptions
{
    /// <summary>What the paths of directory services are relative to: <c>web</c> in the installation directory.</summary>
    public required string WebDirectory { get; init; }

    /// <summary>The directory that plug-ins are taken from: <c>plugins</c> in the installation directory; null where there is none.</summary>
    public string? PluginDirectory { get; init; }

    /// <summary>
    /// The configuration file, by whose path <c>./tidegate</c> finds the control socket of this gateway; null for a gateway without one.
    /// </summary>
    public string? ConfigurationFile { get; init; }

    /// <summary>How long an orderly stop may take before what is left is cut off.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Over how long a time a gateway in a cluster closes its sessions when it drains: zero for all at once, an hour at most. What is left is
    /// then given <see cref="StopTimeout"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not between these.</exception>
    public TimeSpan Grace
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, MaximumGrace);
            field = value;
        }
    } = DefaultGrace;

    /// <summary>The usual <see cref="Grace"/>.</summary>
    public static TimeSpan DefaultGrace { get; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest <see cref="Grace"/>.</summary>
    public static TimeSpan MaximumGrace { get; } = TimeSpan.FromHours(1);

    /// <summary>How long a drain waits at most until all other members know that nobody is to be sent here any more.</summary>
    public TimeSpan WithdrawalTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The number of event loops, at least 1; null for one a core.</summary>
    public int? Loops { get; init; }

    /// <summary>What tells how late it is, when to look whether certificates have changed, and when the log may repeat itself.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>
    /// What speaks TLS: OpenSSL 3 where there is one, .NET's own otherwise. <c>TIDEGATE_TLS=sslstream</c> in the environment has .NET's
    /// used anyway; it is for testing.
    /// </summary>
    public TlsLibrary TlsLibrary { get; init; } = GatewayTls.LibraryOfEnvironment;

    /// <summary>
    /// The keys of the cluster where its configuration names no file: what <c>TIDEGATE_CLUSTER_KEY</c> in the environment holds. Several
    /// have white space between them, and the first one seals. Null for none.
    /// </summary>
    public string? ClusterKey { get; init; } = Environment.GetEnvironmentVariable(Cluster.ClusterKeys.Variable);

    /// <summary>How often the file with the cluster's keys is looked at.</summary>
    internal TimeSpan KeyFileInterval { get; init; } = GatewayTls.ReloadInterval;

    /// <summary>How long a cluster member may stay silent that clients are relayed to; it is pinged meanwhile.</summary>
    internal TimeSpan RelaySilence { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How the event loops learn of events; epoll where there is one by default.</summary>
    public Tidegate.Engine.EventSource EventSource { get; init; }
}
