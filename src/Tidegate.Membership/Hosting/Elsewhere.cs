using System.Net;

namespace Tidegate.Membership.Hosting;

/// <summary>
/// Addresses of members beside the one that each tells of itself: this member's own, and those at which another one has answered. Seeds
/// may name them, and without this they would be joined again and again. What is known of another is forgotten after a minute, since the
/// address may be somebody else's by then. The member's lock guards it.
/// </summary>
internal sealed class Elsewhere
{
    /// <summary>Addresses of others that are remembered; when there are more it begins anew.</summary>
    internal const int Maximum = 256;

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private readonly HashSet<MemberAddress> _own;
    private readonly Dictionary<MemberAddress, (string Name, long Since)> _others = [];
    private readonly TimeProvider _time;

    /// <param name="own">Everywhere that this member listens.</param>
    /// <param name="time">Says when a minute is over.</param>
    internal Elsewhere(IEnumerable<IPEndPoint> own, TimeProvider time)
    {
        _own = [.. own.Select(MemberAddress.From)];
        _time = time;
    }

    internal int Count => _others.Count;

    /// <summary>A member has answered there.</summary>
    internal void Note(MemberAddress address, string name)
    {
        if (_others.Count == Maximum && !_others.ContainsKey(address))
        {
            _others.Clear();
        }

        _others[address] = (name, _time.GetTimestamp());
    }

    /// <summary>True for an address of this member, and for one at which a member that is alive has answered lately.</summary>
    internal bool IsKnown(MemberAddress address, Func<string, bool> isAlive) =>
        _own.Contains(address)
        || (_others.TryGetValue(address, out (string Name, long Since) other) && _time.GetElapsedTime(other.Since) < Lifetime && isAlive(other.Name));
}
