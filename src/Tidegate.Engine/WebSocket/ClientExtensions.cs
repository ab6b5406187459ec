namespace Tidegate.Engine.WebSocket;

/// <summary>
/// What was agreed on with a client library that can not see ping and pong frames, as none in a browser can
/// (docs/spec/compat.md, chapter 3.5). The default is nothing.
/// </summary>
/// <param name="TextPings">
/// Pings and pongs are text messages that begin with <see cref="Escape"/>; a message of the application that begins so is preceded by one
/// of just these bytes (<c>x-kaazing-ping-pong</c>).
/// </param>
/// <param name="IdleTimeout">
/// The client gives up when it has heard nothing for so long, so it is sent something twice in that time, asked or not
/// (<c>x-kaazing-idle-timeout</c>). Zero where that was not agreed on.
/// </param>
public readonly record struct ClientExtensions(bool TextPings, TimeSpan IdleTimeout)
{
    /// <summary>The bytes that tell a text ping or pong from what applications say.</summary>
    public static ReadOnlySpan<byte> Escape => [1, 1, 1, 2];

    internal static ReadOnlySpan<byte> Ping => [1, 1, 1, 2, 0x09, 0];

    internal static ReadOnlySpan<byte> Pong => [1, 1, 1, 2, 0x0a, 0];
}
