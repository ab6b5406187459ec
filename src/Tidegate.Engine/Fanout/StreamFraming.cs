namespace Tidegate.Engine.Fanout;

/// <summary>How messages lie in a stream of bytes.</summary>
public enum StreamFraming
{
    /// <summary>One after the other, with nothing between: what arrives together is one message.</summary>
    None,

    /// <summary>Each ends with a line feed, which is not part of it; nor is a carriage return in front of that.</summary>
    Line,

    /// <summary>Before each stands its length in bytes, as four bytes, the highest first.</summary>
    Length,
}
