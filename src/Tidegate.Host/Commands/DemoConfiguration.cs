using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tidegate.Host.Commands;

/// <summary>The gateways of <c>tidegate demo</c>: each on a loopback address of its own, with balancers that lead to all of them.</summary>
/// <param name="Members">How many, 2 to 5.</param>
/// <param name="Port">Where the balancers accept; the services do at the port after it.</param>
/// <param name="ClusterPort">Where members speak to each other.</param>
internal sealed record DemoConfiguration(int Members, int Port, int ClusterPort)
{
    internal const int FewestMembers = 2;
    internal const int MostMembers = 5;
    internal const int DefaultPort = 8000;
    internal const int DefaultClusterPort = 5942;

    /// <summary>A member's address.</summary>
    internal static string AddressOf(int member) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.{member}");

    /// <summary>Where a member's balancer accepts.</summary>
    internal string BalancerOf(int member, string scheme = "http") => string.Create(CultureInfo.InvariantCulture, $"{scheme}://{AddressOf(member)}:{Port}/");

    /// <summary>Where a member's own page is.</summary>
    internal string PageOf(int member, string scheme = "http") => string.Create(CultureInfo.InvariantCulture, $"{scheme}://{AddressOf(member)}:{Port + 1}/");

    /// <summary>The first place that can not be listened at, and why; null if all can be.</summary>
    internal string? Taken()
    {
        foreach (int member in Enumerable.Range(1, Members))
        {
            foreach ((int port, string option) in new[] { (Port, "--port"), (Port + 1, "--port"), (ClusterPort, "--cluster-port") })
            {
                try
                {
                    using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    probe.Bind(new IPEndPoint(IPAddress.Parse(AddressOf(member)), port));
                    probe.Listen();
                }
                catch (SocketException exception)
                {
                    return string.Create(
                        CultureInfo.InvariantCulture,
                        $"{AddressOf(member)}:{port} can not be used: {exception.Message.TrimEnd('.')}. Stop the program that listens there, or choose another port with {option}.");
                }
            }
        }

        return null;
    }

    /// <summary>The configuration file of a member.</summary>
    internal string FileOf(int member)
    {
        IEnumerable<int> all = Enumerable.Range(1, Members);
        string connects = string.Concat(all.Where(other => other != member).Select(other => $"    <connect>tcp://{AddressOf(other)}:{ClusterPort}</connect>\n"));
        string pages = string.Concat(all.Select(other => $"    <balance>{BalancerOf(other)}</balance>\n"));
        string echoes = string.Concat(all.Select(other => $"    <balance>{BalancerOf(other, "ws")}echo</balance>\n"));
        return string.Create(CultureInfo.InvariantCulture, $"""
            <gateway-config xmlns="http://xmlns.kaazing.org/2016/06/gateway">
              <cluster>
                <name>demo</name>
                <accept>tcp://{AddressOf(member)}:{ClusterPort}</accept>
            {connects}  </cluster>
              <service>
                <name>balancer of pages</name>
                <accept>{BalancerOf(member)}</accept>
                <type>balancer</type>
              </service>
              <service>
                <name>balancer of echoes</name>
                <accept>{BalancerOf(member, "ws")}echo</accept>
                <type>balancer</type>
              </service>
              <service>
                <name>page</name>
                <accept>{PageOf(member)}</accept>
            {pages}    <type>directory</type>
                <properties>
                  <directory>/welcome</directory>
                  <welcome-file>index.html</welcome-file>
                </properties>
              </service>
              <service>
                <name>echo</name>
                <accept>{PageOf(member, "ws")}echo</accept>
            {echoes}    <type>echo</type>
              </service>
            </gateway-config>

            """);
    }
}
