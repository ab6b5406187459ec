using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.Gateway.Security.Ldap;

/// <summary>
/// A connection to a directory (RFC 4511), for one login and one operation at a time. It blocks no thread, each operation has a bound in
/// time and each message one in bytes; what a directory refers to is not followed.
/// </summary>
/// <remarks>
/// Not System.DirectoryServices.Protocols: on Linux that blocks a thread for each bind, checks certificates against what libldap's own
/// configuration says, not against the gateway's, and wants that library to be there.
/// </remarks>
internal sealed class LdapConnection : IAsyncDisposable
{
    /// <summary>Bytes of a message; more is no answer to what is asked here.</summary>
    internal const int MaximumMessageBytes = 1024 * 1024;

    private readonly Socket _socket;
    private readonly TimeSpan _timeout;
    private Stream _stream = Stream.Null;
    private int _lastId;

    private LdapConnection(Socket socket, TimeSpan timeout)
    {
        _socket = socket;
        _timeout = timeout;
    }

    /// <summary>Connects, by TLS where it is asked for.</summary>
    /// <param name="server">Where the directory is.</param>
    /// <param name="timeout">For connecting, and for each operation.</param>
    /// <param name="trusted">Certificates that vouch for the directory's; null for those that the system trusts.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="LdapException">It can not be had, or is not the one that it should be.</exception>
    internal static async Task<LdapConnection> OpenAsync(LdapServer server, TimeSpan timeout, X509Certificate2Collection? trusted, CancellationToken cancellation)
    {
        var connection = new LdapConnection(new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }, timeout);
        try
        {
            await connection.BoundAsync(cancelled => connection._socket.ConnectAsync(server.Host, server.Port, cancelled).AsTask(), "connect", cancellation).ConfigureAwait(false);
            connection._stream = new NetworkStream(connection._socket, ownsSocket: false);
            if (server.Security == LdapSecurity.StartTls)
            {
                LdapResult granted = await connection.AskAsync(LdapMessage.StartTls, LdapMessage.ExtendedResponse, cancellation).ConfigureAwait(false);
                if (granted.Code != LdapResultCode.Success)
                {
                    throw new LdapException($"it refuses StartTLS: {granted}");
                }
            }

            if (server.Security != LdapSecurity.None)
            {
                await connection.BoundAsync(cancelled => connection.EncryptAsync(server.Host, trusted, cancelled), "shake hands for TLS", cancellation).ConfigureAwait(false);
            }

            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Says who is there.</summary>
    /// <param name="name">The name of an entry, or what else the directory takes.</param>
    /// <param name="password">The password. An empty one with a name would be taken for nobody's, with success (RFC 4513, section 5.1.2), and is never sent.</param>
    /// <param name="cancellation">Ends it.</param>
    internal Task<LdapResult> BindAsync(string name, string password, CancellationToken cancellation) =>
        name.Length > 0 == password.Length > 0
            ? AskAsync(id => LdapMessage.Bind(id, name, password), LdapMessage.BindResponse, cancellation)
            : throw new ArgumentException("A name and a password are both there, or neither.", nameof(password));

    /// <summary>Searches.</summary>
    /// <returns>How it ended, and the entries that were found until then.</returns>
    internal async Task<(LdapResult Result, ImmutableArray<LdapEntry> Entries)> SearchAsync(LdapSearch search, CancellationToken cancellation)
    {
        var entries = new List<LdapEntry>();
        LdapResult result = await AskAsync(
            id => LdapMessage.Search(id, search, _timeout),
            LdapMessage.SearchDone,
            cancellation,
            (kind, content) =>
            {
                if (kind == LdapMessage.SearchEntry && entries.Count <= search.MaximumEntries)
                {
                    entries.Add(LdapMessage.ReadEntry(content));
                }

                return kind == LdapMessage.SearchEntry || kind == LdapMessage.SearchReference;
            }).ConfigureAwait(false);
        // Whether it minds the limit is up to the directory.
        return entries.Count > search.MaximumEntries && result.Code == LdapResultCode.Success
            ? (result with { Code = LdapResultCode.SizeLimitExceeded }, [.. entries])
            : (result, [.. entries]);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            // Politeness that no one waits for: the connection ends in any case.
            using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            if (_socket.Connected)
            {
                await _stream.WriteAsync(LdapMessage.Unbind(++_lastId), soon.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or InvalidOperationException or AuthenticationException or OperationCanceledException)
        {
            // It is gone already.
        }

        await _stream.DisposeAsync().ConfigureAwait(false);
        _socket.Dispose();
    }

    private Task<LdapResult> AskAsync(Func<int, byte[]> request, Asn1Tag answer, CancellationToken cancellation, Func<Asn1Tag, AsnReader, bool>? more = null) =>
        BoundAsync(cancelled => ExchangeAsync(request, answer, more, cancelled), "answer", cancellation);

    private async Task<LdapResult> ExchangeAsync(Func<int, byte[]> request, Asn1Tag answer, Func<Asn1Tag, AsnReader, bool>? more, CancellationToken cancellation)
    {
        int asked = ++_lastId;
        await _stream.WriteAsync(request(asked), cancellation).ConfigureAwait(false);
        while (true)
        {
            (int id, Asn1Tag kind, AsnReader content) = LdapMessage.Read(await ReadMessageAsync(cancellation).ConfigureAwait(false));
            if (id == 0)
            {
                // What nobody has asked for is a notice that the connection ends (RFC 4511, section 4.4.1).
                throw new LdapException("it ends the connection");
            }

            if (id == asked && kind == answer)
            {
                return LdapMessage.ReadResult(content);
            }

            if (id != asked || more?.Invoke(kind, content) != true)
            {
                throw new LdapException("it says something else than an answer");
            }
        }
    }

    /// <summary>Bytes of the next message and no more, so that nothing is left over when TLS begins.</summary>
    private async Task<byte[]> ReadMessageAsync(CancellationToken cancellation)
    {
        byte[] head = new byte[6];
        await _stream.ReadExactlyAsync(head.AsMemory(0, 2), cancellation).ConfigureAwait(false);
        // A sequence of a definite length (RFC 4511, section 5.1).
        int more = head[1] < 0x80 ? 0 : head[1] - 0x80;
        if (head[0] != 0x30 || more > 4 || head[1] == 0x80)
        {
            throw new LdapException("it does not speak LDAP");
        }

        await _stream.ReadExactlyAsync(head.AsMemory(2, more), cancellation).ConfigureAwait(false);
        uint length = head[1] < 0x80 ? head[1] : BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(2)) >> (8 * (4 - more));
        if (length > MaximumMessageBytes)
        {
            throw new LdapException($"a message of it has {length} bytes");
        }

        byte[] message = new byte[2 + more + length];
        head.AsSpan(0, 2 + more).CopyTo(message);
        await _stream.ReadExactlyAsync(message.AsMemory(2 + more), cancellation).ConfigureAwait(false);
        return message;
    }

    private async Task EncryptAsync(string host, X509Certificate2Collection? trusted, CancellationToken cancellation)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck };
        if (trusted is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(trusted);
        }

        var tls = new SslStream(_stream, leaveInnerStreamOpen: false);
        _stream = tls;
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host, CertificateChainPolicy = policy }, cancellation).ConfigureAwait(false);
    }

    private Task<bool> BoundAsync(Func<CancellationToken, Task> run, string what, CancellationToken cancellation) => BoundAsync(
        async cancelled =>
        {
            await run(cancelled).ConfigureAwait(false);
            return true;
        },
        what,
        cancellation);

    /// <summary>Does something that takes as long as it may, and says of what goes wrong that it is the directory.</summary>
    private async Task<T> BoundAsync<T>(Func<CancellationToken, Task<T>> run, string what, CancellationToken cancellation)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bound.CancelAfter(_timeout);
        try
        {
            return await run(bound.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new LdapException($"it did not {what} within {_timeout.TotalSeconds} s");
        }
        catch (EndOfStreamException exception)
        {
            throw new LdapException("it closed the connection", exception);
        }
        catch (AsnContentException exception)
        {
            throw new LdapException("it says something that is no LDAP", exception);
        }
        catch (Exception exception) when (exception is IOException or SocketException or AuthenticationException)
        {
            throw new LdapException(exception.Message.TrimEnd('.'), exception);
        }
    }
}
