using System.Buffers.Binary;

namespace Tidegate.Membership.Security;

/// <summary>
/// The nonces of the last sealed packets, so that one that comes again is not taken again. Every sealing draws a nonce of its own.
/// What is older than the window, or was recorded before this process began, is for the protocol to tell by its content. One
/// thread at a time.
/// </summary>
internal sealed class ReplayWindow(int capacity = ReplayWindow.Packets)
{
    /// <summary>Nonces that are remembered: minutes of a member at rest, some 200 KiB.</summary>
    internal const int Packets = 4_096;

    private readonly HashSet<(ulong, uint)> _known = new(capacity);
    private readonly (ulong, uint)[] _order = new (ulong, uint)[capacity];
    private int _next;

    /// <summary>Remembers the nonce of a packet that has been opened.</summary>
    /// <param name="nonce">12 bytes.</param>
    /// <returns>False where it is in the window.</returns>
    internal bool TryAdd(ReadOnlySpan<byte> nonce)
    {
        (ulong, uint) key = (BinaryPrimitives.ReadUInt64BigEndian(nonce), BinaryPrimitives.ReadUInt32BigEndian(nonce[8..]));
        if (_known.Contains(key))
        {
            return false;
        }

        if (_known.Count == _order.Length)
        {
            _known.Remove(_order[_next]);
        }

        _known.Add(key);
        _order[_next] = key;
        _next = (_next + 1) % _order.Length;
        return true;
    }
}
