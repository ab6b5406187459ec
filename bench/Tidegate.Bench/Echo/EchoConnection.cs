namespace Tidegate.Bench.Echo;

/// <summary>A connection of a back-end. Idle, it holds no buffer.</summary>
internal sealed class EchoConnection(int descriptor)
{
    /// <summary>Where the client's frames stand, for the echo that speaks WebSocket.</summary>
    internal ClientFrames Frames;

    internal int Descriptor { get; } = descriptor;

    internal bool Upgraded { get; set; }

    /// <summary>The beginning of a request head that came in pieces.</summary>
    internal byte[] Head { get; set; } = [];

    /// <summary>What the kernel has not taken yet. While there is any, nothing more is read.</summary>
    internal byte[]? Pending { get; set; }

    internal int PendingStart { get; set; }
}
