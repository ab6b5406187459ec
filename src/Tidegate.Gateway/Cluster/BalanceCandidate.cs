using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Tidegate.Gateway.Addressing;

namespace Tidegate.Gateway.Cluster;

/// <summary>A target of a member, as balancers choose among them.</summary>
/// <param name="member">The member's name.</param>
/// <param name="target">What it offers, by its newest word.</param>
/// <param name="memory">What is remembered of it, beyond that word.</param>
internal sealed class BalanceCandidate(string member, BalanceTarget target, TargetMemory memory)
{
    internal string Member => member;

    internal BalanceTarget Target => target;

    internal TargetMemory Memory => memory;

    /// <summary>What it is told apart by, evenly spread over all numbers; the same in all gateways, and after a restart of any.</summary>
    internal ulong Identity { get; } = NumberOf($"{member}\n{BalanceTarget.KeyOf(target.Uri)}");

    /// <summary>The sessions it has, with those counted in whom this gateway has just sent there.</summary>
    /// <param name="factor">How many clients all balancers send for each that this one sends.</param>
    internal double Load(double factor = 1) => target.Sessions + (factor * memory.Unheard);

    /// <summary>Notes that a client is being sent there.</summary>
    internal void Sent() => memory.Add();

    /// <summary>All who serve what a client of a scheme speaks, by any of these balancers' accepts; each once.</summary>
    /// <param name="scheme">What the client speaks.</param>
    /// <param name="map">Who offers what.</param>
    /// <param name="balances">The accepts, in the form of <see cref="BalanceTarget.KeyOf"/>, all different.</param>
    internal static List<BalanceCandidate> Serving(UriScheme scheme, BalanceMap map, string[] balances)
    {
        var candidates = new List<BalanceCandidate>();

        // By one accept nobody comes twice, and most balancers have one: a member that names two is there by both.
        HashSet<BalanceCandidate>? seen = balances.Length > 1 ? [] : null;
        foreach (string balance in balances)
        {
            foreach (BalanceCandidate candidate in map.For(balance))
            {
                UriScheme offered = candidate.Target.Uri.Scheme;
                if (offered.IsWebSocket == scheme.IsWebSocket && offered.TakesPath && offered.UsesTls == scheme.UsesTls && seen?.Add(candidate) != false)
                {
                    candidates.Add(candidate);
                }
            }
        }

        return candidates;
    }

    /// <summary>A number that a text stands for, evenly spread over all numbers, however alike the texts are.</summary>
    internal static ulong NumberOf(string text) => BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
