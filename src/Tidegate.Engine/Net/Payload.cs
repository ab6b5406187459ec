namespace Tidegate.Engine.Net;

/// <summary>
/// Bytes that arrived, where they arrived. They are the receiver's for the length of the call: it may change them, and
/// passing them on to a session consumes them (they may be moved, masked or overwritten). Copy what must be kept.
/// </summary>
public readonly unsafe ref struct Payload
{
    private readonly byte* _data;

    internal Payload(byte* data, int length, int headroom)
    {
        _data = data;
        Length = length;
        Headroom = headroom;
    }

    /// <summary>Number of bytes.</summary>
    public int Length { get; }

    /// <summary>The bytes.</summary>
    public Span<byte> Span => new(_data, Length);

    /// <summary>Bytes in front of the data that nobody needs any more: a frame header may be written there.</summary>
    internal int Headroom { get; }

    internal byte* Pointer => _data;
}
