namespace Tidegate.Engine.WebSocket;

/// <summary>Why a WebSocket was closed: RFC 6455, section 7.4, and the registry that it opened. Other codes are numbers.</summary>
public enum CloseStatus : ushort
{
    /// <summary>The purpose was fulfilled.</summary>
    NormalClosure = 1000,

    /// <summary>The endpoint goes away: a server that stops, a page that is left.</summary>
    GoingAway = 1001,

    /// <summary>A rule of the protocol was broken.</summary>
    ProtocolError = 1002,

    /// <summary>A kind of data came that the endpoint can not accept.</summary>
    UnsupportedData = 1003,

    /// <summary>The close frame had no status. Never sent.</summary>
    NoStatus = 1005,

    /// <summary>There was no close frame. Never sent.</summary>
    AbnormalClosure = 1006,

    /// <summary>Data did not match its type, such as text that is not UTF-8.</summary>
    InvalidPayload = 1007,

    /// <summary>A policy was violated.</summary>
    PolicyViolation = 1008,

    /// <summary>A message was too big.</summary>
    MessageTooBig = 1009,

    /// <summary>The server did not negotiate an extension that the client needs.</summary>
    MandatoryExtension = 1010,

    /// <summary>Something unexpected kept the endpoint from serving.</summary>
    InternalError = 1011,

    /// <summary>The server restarts.</summary>
    ServiceRestart = 1012,

    /// <summary>Overload: try again later.</summary>
    TryAgainLater = 1013,

    /// <summary>The gateway had no good answer from what is behind it.</summary>
    BadGateway = 1014,
}
