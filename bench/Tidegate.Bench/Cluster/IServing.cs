namespace Tidegate.Bench.Cluster;

/// <summary>Servers and what balances them, on hosts of the laboratory.</summary>
internal interface IServing : IDisposable
{
    /// <summary>What it is called in tables.</summary>
    string Name { get; }

    /// <summary>The hosts that clients ask.</summary>
    int[] Balancers { get; }

    /// <summary>The hosts that serve.</summary>
    int[] Servers { get; }

    /// <summary>The path where clients are redirected; empty if nobody is.</summary>
    string RedirectedPath { get; }

    /// <summary>Starts what serves on a host, after it was killed too.</summary>
    void Start(int host);

    void Signal(int host, int signal);

    /// <summary>Waits until a server that was asked to stop has ended.</summary>
    void WaitForEnd(int host, int seconds);

    /// <summary>Waits until all balancers lead clients to these servers and to no others.</summary>
    /// <param name="since">When what made it so began, in milliseconds.</param>
    /// <param name="servers">The hosts.</param>
    /// <param name="except">A balancer that is not asked; 0 for none.</param>
    /// <returns>When the last balancer knew, in milliseconds.</returns>
    long WaitUntilLeadingTo(long since, int[] servers, int except = 0);
}
