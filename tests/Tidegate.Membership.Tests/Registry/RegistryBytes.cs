using System.Buffers;
using Tidegate.Membership.Registry;

namespace Tidegate.Membership.Tests.Registry;

internal static class RegistryBytes
{
    internal static byte[] Of(params PublishedRecord[] records)
    {
        ArrayBufferWriter<byte> output = new();
        RecordList.Write(output, records);
        return output.WrittenSpan.ToArray();
    }
}
