namespace Tidegate.Engine.Emulation;

/// <summary>What an HTTP response to a client of an emulated WebSocket is to be written next.</summary>
/// <param name="Bytes">The bytes; may be empty.</param>
/// <param name="IsLast">Whether the response ends behind them.</param>
/// <param name="IsBroken">Whether the response is to be cut off, because the session was.</param>
public readonly record struct DownstreamPart(ReadOnlyMemory<byte> Bytes, bool IsLast, bool IsBroken);

/// <summary>An HTTP request whose response carries what a session sends. Belongs to the session's loop.</summary>
public sealed class Downstream
{
    /// <param name="longPolls">True where the response is to end with the first data, since something on the way holds responses back.</param>
    /// <param name="reconnectAfter">Bytes after which the response ends.</param>
    /// <param name="firstBytes">What the response begins with, before any frame of the session.</param>
    public Downstream(bool longPolls, long reconnectAfter, ReadOnlyMemory<byte> firstBytes)
    {
        LongPolls = longPolls;
        ReconnectAfter = reconnectAfter;
        FirstBytes = firstBytes;
    }

    /// <summary>When a response on which nothing is written is shown to be alive; null for as the session does.</summary>
    public TimeSpan? NoopInterval { get; init; }

    internal bool LongPolls { get; }

    internal long ReconnectAfter { get; }

    internal ReadOnlyMemory<byte> FirstBytes { get; set; }

    internal long Written { get; set; }

    /// <summary>When something was last written, in the loop's milliseconds.</summary>
    internal long LastWritten { get; set; }

    /// <summary>Set once the response has been given its last part, or is to get it the next time.</summary>
    internal bool IsOver { get; set; }

    internal TaskCompletionSource<DownstreamPart>? Waiting { get; set; }
}
