using System.Buffers.Binary;

namespace Tidegate.Gateway.Http;

/// <summary>The SETTINGS frame that a server begins a connection of HTTP/2 with (RFC 9113, sections 3.4 and 6.5).</summary>
internal static class Http2Settings
{
    private const int FrameHead = 9;
    private const int SettingSize = 6;
    private const byte SettingsFrame = 4;

    // RFC 8441, section 3.
    private const ushort EnableConnectProtocol = 8;

    /// <summary>
    /// Takes back what the HTTP server says of itself without being asked, that a WebSocket may be a stream: clients that hear nothing of
    /// it open a connection of HTTP/1.1 for each. It has no option for that.
    /// </summary>
    /// <param name="first">What the server sends first.</param>
    internal static void WithdrawWebSockets(Span<byte> first)
    {
        if (first.Length < FrameHead || first[3] != SettingsFrame)
        {
            return;
        }

        int length = (first[0] << 16) | (first[1] << 8) | first[2];
        for (Span<byte> settings = first.Slice(FrameHead, Math.Min(length, first.Length - FrameHead)); settings.Length >= SettingSize; settings = settings[SettingSize..])
        {
            if (BinaryPrimitives.ReadUInt16BigEndian(settings) == EnableConnectProtocol)
            {
                settings[2..SettingSize].Clear();
            }
        }
    }
}
