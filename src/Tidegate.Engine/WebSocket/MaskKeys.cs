using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Tidegate.Engine.WebSocket;

/// <summary>Unpredictable masking keys (RFC 6455, section 5.3), drawn many at a time. Belongs to one loop.</summary>
internal sealed class MaskKeys
{
    private readonly uint[] _keys = new uint[256];
    private int _next = int.MaxValue;

    internal uint Next()
    {
        if (_next >= _keys.Length)
        {
            RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(_keys.AsSpan()));
            _next = 0;
        }

        return _keys[_next++];
    }
}
