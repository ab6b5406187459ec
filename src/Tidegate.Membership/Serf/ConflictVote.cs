using System.Net;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>
/// Asks all others which address one's own name has, after another address has claimed it. Who is not named by a majority of the answers has to go,
/// and where nobody answers, nobody has named one (annex A7).
/// </summary>
internal sealed class ConflictVote(MemberAddress own, Action<int, int> counted) : IQueryObserver
{
    internal const string Query = "_serf_conflict";

    private int _answers;
    private int _mine;

    public void Acked(OwnQuery query, string from)
    {
    }

    public void Answered(OwnQuery query, string from, RawBytes payload)
    {
        if (SerfFields.TryRead(payload.Span, out ConflictAnswerMessage answer))
        {
            _answers++;
            _mine += answer.Known && SamePlace(answer.Address, own) ? 1 : 0;
        }

        // Everyone else has spoken.
        if (_answers >= query.Members - 1)
        {
            query.Close();
        }
    }

    public void Finished(OwnQuery query) => counted(_mine, _answers);

    internal static bool Wins(int mine, int answers) => mine >= (answers / 2) + 1;

    /// <summary>True where two addresses mean the same place, though one may be in 4 bytes and the other in 16.</summary>
    internal static bool SamePlace(MemberAddress left, MemberAddress right)
    {
        if (left == right)
        {
            return true;
        }

        return IsWhole(left) && IsWhole(right) && left.ToEndPoint() is IPEndPoint place && place.Equals(right.ToEndPoint());
    }

    internal static bool IsWhole(MemberAddress address) =>
        address.Port != 0 && address.Bytes.Length is WireLimits.Address4 or WireLimits.Address6;
}
