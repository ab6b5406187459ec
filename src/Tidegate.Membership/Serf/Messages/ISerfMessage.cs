using System.Buffers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf.Messages;

/// <summary>A message of Serf's layer whose body is one map, keyed by the names of its fields.</summary>
internal interface ISerfMessage<TSelf>
    where TSelf : ISerfMessage<TSelf>
{
    static abstract SerfMessageType Type { get; }

    /// <summary>Reads the body, which follows the type byte, as <see cref="IMessage{TSelf}.TryRead"/> does.</summary>
    static abstract bool TryRead(ref MessagePackReader reader, out TSelf message);

    /// <summary>Writes the type byte and the body, its keys sorted by name as peers write them.</summary>
    void Write(IBufferWriter<byte> output);
}
