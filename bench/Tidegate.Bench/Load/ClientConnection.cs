namespace Tidegate.Bench.Load;

internal enum ConnectionState
{
    Closed,
    Connecting,
    Securing,
    Upgrading,
    Open,
}

/// <summary>One WebSocket connection of the load generator: where it stands in the ring, sending and receiving.</summary>
internal sealed class ClientConnection(int index)
{
    /// <summary>Where the server's frames stand; a field, since it is a structure that changes in place.</summary>
    internal ServerFrames Frames;

    internal int Index { get; } = index;

    internal int Descriptor { get; set; } = -1;

    internal ConnectionState State { get; set; }

    /// <summary>Where the next byte to send stands in the ring's frames.</summary>
    internal int SendPosition { get; set; }

    /// <summary>Bytes of frames that are due and that the kernel has not taken yet.</summary>
    internal long Owed { get; set; }

    /// <summary>Payload bytes that are due or under way and have not come back.</summary>
    internal long Outstanding { get; set; }

    /// <summary>Payload bytes of a message of which only the beginning has come back.</summary>
    internal int Partial { get; set; }

    /// <summary>The TLS state, where TLS is spoken.</summary>
    internal Tidegate.Engine.Tls.TlsChannel? Tls { get; set; }

    /// <summary>Encrypted bytes that the kernel has not taken yet.</summary>
    internal byte[] Unsent { get; set; } = [];

    /// <summary>The beginning of a response head that came in pieces.</summary>
    internal byte[] Head { get; set; } = [];
}
