namespace Tidegate.Gateway.Configuration.Description;

/// <summary>Finds what someone probably meant to write.</summary>
internal static class Suggestion
{
    /// <summary>Longer words are not compared: the cost grows with the square, and a suggestion would be a guess.</summary>
    private const int LongestWord = 64;

    /// <summary>The word nearest to what was written, or null if none is near. Of two that are as near, the one with the same first letter.</summary>
    internal static string? For(string written, IEnumerable<string> words)
    {
        if (written.Length > LongestWord)
        {
            return null;
        }

        string? nearest = null;
        int nearestDistance = int.MaxValue;
        foreach (string word in words)
        {
            int distance = Distance(written.ToLowerInvariant(), word.ToLowerInvariant());
            bool isNearer = distance < nearestDistance
                || (distance == nearestDistance && written.Length > 0 && word.StartsWith(written[0]) && !nearest!.StartsWith(written[0]));
            if (isNearer && distance <= Math.Max(1, word.Length / 3))
            {
                (nearest, nearestDistance) = (word, distance);
            }
        }

        return nearest;
    }

    /// <summary>
    /// How many single slips (a letter missing, added, wrong, or exchanged with its neighbour) lie between two words: Damerau's
    /// distance in its restricted form.
    /// </summary>
    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }

                int wrong = a[i - 1] == b[j - 1] ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + wrong);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }
}
