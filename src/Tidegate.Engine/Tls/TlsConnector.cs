using System.Net.Sockets;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;

namespace Tidegate.Engine.Tls;

/// <summary>Connects to a host, and speaks TLS to it where the options say so.</summary>
public static class TlsConnector
{
    /// <summary>What went wrong, where it is this process that has no room for another connection.</summary>
    public const string NoDescriptors = "this process has no descriptors left";

    /// <summary>
    /// Begins to connect. <paramref name="completed"/> is called once, on the loop, after this has returned: with a connection that
    /// has no handler yet, or with null and what went wrong in words. With TLS the server's certificate must be trusted, and be for
    /// <see cref="ConnectOptions.TlsPeerName"/>, or else for <paramref name="host"/>.
    /// </summary>
    public static void Connect(EventLoop loop, string host, int port, ConnectOptions options, Action<TcpConnection?, string> completed)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(completed);
        if (options.Through is { } through)
        {
            through(loop, Secure);
        }
        else
        {
            Connector.Connect(loop, host, port, options, (connection, error) => Secure(connection, connection is null ? Describe(error) : string.Empty));
        }

        void Secure(TcpConnection? connection, string fault)
        {
            if (connection is null || options.Tls is null)
            {
                completed(connection, fault);
                return;
            }

            connection.StartTls(options.Tls(), options.TlsPeerName ?? host, options.Timeout, (secured, fault) =>
                completed(fault is null ? secured : null, fault is null ? string.Empty : $"TLS: {fault}"));
        }
    }

    private static string Describe(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.TimedOut => "no answer in time",
        SocketError.HostNotFound or SocketError.NoData => "the host name does not resolve",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "the host can not be reached",
        SocketError.TooManyOpenSockets => NoDescriptors,
        _ => error.ToString(),
    };
}
