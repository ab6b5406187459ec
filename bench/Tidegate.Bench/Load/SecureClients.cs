using Tidegate.Engine.Loops.Epoll;
using Tidegate.Engine.Tls;

namespace Tidegate.Bench.Load;

/// <summary>TLS for the connections of a load, over the same OpenSSL as the gateway's.</summary>
internal sealed unsafe class SecureClients(string certificate, int readCapacity) : IDisposable
{
    /// <summary>There is nothing to read, or no room to send.</summary>
    internal const int Nothing = -1;

    private readonly TlsWire _wire = new(readCapacity);
    private readonly OpenSslContext _context = new(isServer: false, new TlsParameters
    {
        Trusted = [System.Security.Cryptography.X509Certificates.X509CertificateLoader.LoadCertificateFromFile(certificate).RawData],
    }, []);

    /// <summary>Begins the handshake of a connection that is connected.</summary>
    internal void Begin(ClientConnection connection)
    {
        connection.Tls = new TlsChannel(_context, null, _wire);
        _wire.Begin(_wire.Buffer, 0);
        _ = Step(connection);
    }

    /// <summary>Goes on with what has come; true when the handshake is over.</summary>
    internal bool Continue(ClientConnection connection)
    {
        while (true)
        {
            int count = Read(connection);
            if (count == Nothing)
                return false;
            if (count == 0)
                throw new LoadException("the server ended a connection in the TLS handshake");
            _wire.Begin(_wire.Buffer, count);
            if (Step(connection))
                return true;
        }
    }

    internal int Receive(ClientConnection connection, byte* buffer, int capacity)
    {
        TlsChannel tls = connection.Tls!;
        while (true)
        {
            if (tls.HasMore)
            {
                tls.LoadHeld(_wire);
                tls.HasMore = false;
            }
            else
            {
                int count = Read(connection);
                if (count <= 0)
                    return count;
                _wire.Begin(_wire.Buffer, count);
            }
            int total = tls.Decrypt(_wire, buffer, capacity, out TlsStatus status);
            if (status is TlsStatus.Failed)
                throw new LoadException($"TLS was broken: {tls.Fault}");
            if (status is TlsStatus.Ended && total == 0)
                return 0;
            if (total > 0)
                return total;
        }
    }

    /// <summary>Encrypts and sends; what the kernel does not take is kept, and nothing more is taken before that has gone.</summary>
    internal int Send(ClientConnection connection, byte* data, int length)
    {
        if (!FlushUnsent(connection))
            return Nothing;
        int count = Math.Min(length, TlsWire.ChunkLength);
        _wire.Begin(null, 0);
        if (!connection.Tls!.Encrypt(data, count))
            throw new LoadException($"TLS was broken: {connection.Tls.Fault}");
        SendOutput(connection);
        return count;
    }

    /// <summary>Sends what was kept; true when nothing is left.</summary>
    internal bool FlushUnsent(ClientConnection connection)
    {
        if (connection.Unsent.Length > 0)
        {
            fixed (byte* data = connection.Unsent)
                connection.Unsent = connection.Unsent[SendNow(connection, data, connection.Unsent.Length)..];
        }
        return connection.Unsent.Length == 0;
    }

    public void Dispose()
    {
        _wire.Dispose();
        _context.Dispose();
    }

    private bool Step(ClientConnection connection)
    {
        TlsStatus status = connection.Tls!.Handshake(_context);
        if (status == TlsStatus.Done)
            connection.Tls.Hold(_wire);
        SendOutput(connection);
        return status == TlsStatus.Done
            || (status == TlsStatus.WantsInput ? false : throw new LoadException($"the TLS handshake failed: {connection.Tls.Fault}"));
    }

    private void SendOutput(ClientConnection connection)
    {
        int sent = SendNow(connection, _wire.Output, _wire.OutputLength);
        if (sent < _wire.OutputLength)
            connection.Unsent = new ReadOnlySpan<byte>(_wire.Output + sent, _wire.OutputLength - sent).ToArray();
    }

    private static int SendNow(ClientConnection connection, byte* data, int length)
    {
        nint sent = length == 0 ? 0 : Libc.send(connection.Descriptor, data, (nuint)length, Libc.MSG_NOSIGNAL);
        if (sent >= 0)
            return (int)sent;
        int error = Libc.LastError;
        return error == Libc.EAGAIN ? 0 : throw new LoadException($"a connection was lost: {Libc.ToSocketError(error)}");
    }

    private int Read(ClientConnection connection)
    {
        nint count = Libc.recv(connection.Descriptor, _wire.Buffer, (nuint)_wire.InputCapacity, 0);
        if (count >= 0)
            return (int)count;
        int error = Libc.LastError;
        return error is Libc.EAGAIN or Libc.EINTR ? Nothing : throw new LoadException($"a connection was lost: {Libc.ToSocketError(error)}");
    }
}
