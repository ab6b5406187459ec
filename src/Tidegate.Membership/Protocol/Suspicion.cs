namespace Tidegate.Membership.Protocol;

/// <summary>
/// How long a suspected member has to refute: long at first, shorter with each member that suspects it independently
/// (specification, section 2). Times are in milliseconds.
/// </summary>
internal sealed class Suspicion
{
    private int _wanted;
    private readonly HashSet<string> _accusers = [];

    /// <param name="from">The first accuser, who is no confirmation.</param>
    /// <param name="wanted">Confirmations that shorten the wait to its minimum; 0 where it begins there.</param>
    /// <param name="start">When it began.</param>
    /// <param name="minimum">The least it lasts.</param>
    /// <param name="maximum">What it lasts unconfirmed.</param>
    internal Suspicion(string from, int wanted, long start, long minimum, long maximum)
    {
        _wanted = wanted;
        _accusers.Add(from);
        Start = start;
        Minimum = minimum;
        Maximum = maximum;
    }

    internal long Start { get; private set; }

    internal long Minimum { get; }

    internal long Maximum { get; }

    internal int Confirmations => _accusers.Count - 1;

    internal long Deadline
    {
        get
        {
            if (_wanted < 1)
            {
                return Start + Minimum;
            }

            double share = Math.Log(Confirmations + 1.0) / Math.Log(_wanted + 1.0);
            return Start + Math.Max(Minimum, (long)Math.Floor(Maximum - (share * (Maximum - Minimum))));
        }
    }

    /// <summary>True where the accuser is new and still counts: then it is passed on.</summary>
    internal bool Confirm(string from) => Confirmations < _wanted && _accusers.Add(from);

    /// <summary>Only so many are left who could confirm it. With 0 it lasts its minimum from now on.</summary>
    internal void WantAtMost(int confirmations) => _wanted = Math.Min(_wanted, confirmations);

    /// <summary>Begins anew, because the member has been heard.</summary>
    internal void Restart(long now) => Start = now;
}
