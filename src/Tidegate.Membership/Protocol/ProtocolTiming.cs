namespace Tidegate.Membership.Protocol;

/// <summary>How times and counts grow with the cluster (specification, section 2).</summary>
internal static class ProtocolTiming
{
    /// <summary>Transmissions of one message.</summary>
    /// <param name="multiplier">The setting.</param>
    /// <param name="known">All entries of the table.</param>
    internal static int RetransmitLimit(int multiplier, int known) => multiplier * (int)Math.Ceiling(Math.Log10(known + 1));

    /// <summary>
    /// Transmissions of a message that nothing but gossip brings. If each of n members sends it to T others at random, n e^-T of
    /// them do not get it: with the rule above one of 50 in every sixtieth round, and that one learns it when its own probe comes
    /// round, which takes 10 s. T = ln n + 9 leaves one in 8,000 rounds at every n. Up to 4 members gossip reaches all at once.
    /// </summary>
    /// <param name="multiplier">The setting.</param>
    /// <param name="known">All entries of the table.</param>
    internal static int ThoroughLimit(int multiplier, int known)
    {
        int limit = RetransmitLimit(multiplier, known);
        return known <= 4 ? limit : Math.Max(limit, (int)Math.Ceiling(Math.Log(known) + 9));
    }

    /// <summary>The shortest suspicion in milliseconds.</summary>
    /// <param name="multiplier">The setting.</param>
    /// <param name="live">Live members.</param>
    /// <param name="interval">The probe interval.</param>
    internal static long SuspicionMinimum(int multiplier, int live, int interval) =>
        (long)(multiplier * Math.Max(1.0, Math.Log10(Math.Max(1, live))) * interval);

    /// <summary>Between two push/pulls, in milliseconds: longer in clusters above 32.</summary>
    internal static int PushPull(int interval, int live) =>
        live <= 32 ? interval : interval * (1 + (int)Math.Ceiling(Math.Log2(live) - 5));
}
