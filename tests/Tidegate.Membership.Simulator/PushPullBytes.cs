using System.Text;
using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Simulator;

/// <summary>How long a state is on the wire, without compression and seal.</summary>
internal static class PushPullBytes
{
    private const int Header = 40;

    // The names of the fields, and the numbers.
    private const int Entry = 62;

    internal static long Of(ClusterState state)
    {
        long bytes = Header + state.UserState.Length;
        foreach (StateEntry entry in state.Entries)
        {
            bytes += Entry + Encoding.UTF8.GetByteCount(entry.Name) + entry.Address.Bytes.Length + entry.Meta.Length + entry.Versions.Length;
        }

        return bytes;
    }
}
