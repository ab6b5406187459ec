using System.Buffers;

namespace Tidegate.Membership.Wire;

/// <summary>A message whose body is one map, keyed by the names of its fields.</summary>
internal interface IMessage<TSelf>
    where TSelf : struct, IMessage<TSelf>
{
    static abstract MessageType Type { get; }

    /// <summary>
    /// Reads the body, which follows the type byte. Keys may come in any order; unknown ones are skipped, missing ones
    /// are zero, of a repeated one the last counts. Where it is false, the reader says why and the message is no message.
    /// </summary>
    static abstract bool TryRead(ref MessagePackReader reader, out TSelf message);

    /// <summary>Writes the type byte and the body, its keys sorted by name as peers write them.</summary>
    void Write(IBufferWriter<byte> output);
}
