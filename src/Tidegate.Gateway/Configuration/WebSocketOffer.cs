namespace Tidegate.Gateway.Configuration;

/// <summary>In which ways clients may open a WebSocket: <c>ws.transports</c>.</summary>
public enum WebSocketOffer
{
    /// <summary>In each.</summary>
    All,

    /// <summary>By RFC 6455 and RFC 8441, the handshake within a WebSocket included.</summary>
    Native,

    /// <summary>By HTTP requests that emulate one.</summary>
    Emulated,
}
