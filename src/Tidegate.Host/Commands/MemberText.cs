using System.Globalization;
using System.Text;
using Tidegate.Gateway.Cluster;

namespace Tidegate.Host.Commands;

/// <summary>Members of a cluster as text: a line for each, and lines below it for what it offers and how it differs.</summary>
internal static class MemberText
{
    // What a member says of itself is for a terminal here, and so is all else: where root asks, whoever answers may be anybody.
    private const int Longest = 64;

    internal static string Of(IEnumerable<ObservedMember> members)
    {
        var text = new StringBuilder();
        foreach (ObservedMember member in members)
        {
            text.AppendJoin(", ", Parts(member)).Append('\n');
            foreach (ObservedOffer offer in member.Offers)
            {
                text.Append(CultureInfo.InvariantCulture, $"    {Shown(offer.Balance, int.MaxValue)} leads to {Shown(offer.Target, int.MaxValue)}: {Count(offer.Sessions)}\n");
            }

            foreach (string difference in member.Differences)
            {
                text.Append(CultureInfo.InvariantCulture, $"    DIFFERENT: it {Shown(difference, int.MaxValue)}\n");
            }
        }

        return text.ToString();
    }

    private static IEnumerable<string> Parts(ObservedMember member)
    {
        string state = $"{Shown(member.Id, Longest)} {Shown(member.State, Longest)}";
        yield return member.GoneSince is { } gone ? $"{state} since {Clock(gone)}" : state;
        yield return Shown(member.Kind, Longest);
        if (member.Since is { } since)
        {
            yield return $"started {Clock(since)}";
        }

        // What somebody had who is gone says nothing.
        if (member.GoneSince is null && member is { Sessions: { } sessions, Load: { } load })
        {
            yield return Count(sessions);
            yield return string.Create(CultureInfo.InvariantCulture, $"load {load} %");
        }
    }

    private static string Count(int sessions) => string.Create(CultureInfo.InvariantCulture, $"{sessions} session{(sessions == 1 ? "" : "s")}");

    private static string Clock(DateTimeOffset time) => time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Shown(string text, int longest) => new([.. text.Take(longest).Select(c => char.IsControl(c) ? '?' : c)]);
}
