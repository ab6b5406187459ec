namespace Tidegate.Membership.Protocol;

/// <summary>How times and counts grow with the cluster (specification, section 2).</summary>
internal static class ProtocolTiming
{
    /// <summary>Transmissions of one message.</summary>
    /// <param name="multiplier">The setting.</param>
    /// <param name="known">All entries of the table.</param>
    internal static int RetransmitLimit(int multiplier, int known) => multiplier * (int)Math.Ceiling(Math.Log10(known + 1));

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
