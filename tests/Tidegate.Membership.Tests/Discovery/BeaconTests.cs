using System.Net;
using Tidegate.Membership.Discovery;
using Tidegate.Membership.Security;
using Tidegate.Membership.Tests.Security;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Discovery;

public sealed class BeaconTests
{
    private static readonly Keyring Keys = new(KeyringTests.Key(1));
    private static readonly Beacon Sample = new("MyCluster", "gw1", MemberAddress.From(new IPEndPoint(IPAddress.Parse("10.0.0.1"), 7946)), 70_000);

    private static readonly byte[] SampleBytes = Bytes(
        "86 a1'a'a40a000001 a1'c'a9'MyCluster' a1'i'ce00011170 a1'n'a3'gw1' a1'p'cd1f0a a1'v'01");

    [Fact]
    public void A_beacon_is_a_map_of_six_fields()
    {
        Assert.Equal(SampleBytes, Sample.Encode(null));
        Assert.Equal(BeaconRefusal.None, Beacon.Decode(SampleBytes, null, out Beacon read));
        Assert.Equal(Sample, read);
    }

    [Fact]
    public void A_sealed_beacon_has_associated_data_of_its_own()
    {
        byte[] blob = new byte[SampleBytes.Length + Sealing.Overhead];
        Sealing.Seal(Keys, SampleBytes, "tidegate-beacon"u8, blob);
        Assert.Equal(BeaconRefusal.None, Beacon.Decode(blob, Keys, out Beacon read));
        Assert.Equal(Sample, read);
        Assert.Equal(BeaconRefusal.None, Beacon.Decode(Sample.Encode(Keys), Keys, out _));

        // What is sealed for a packet is no beacon, though the key is the same.
        Sealing.Seal(Keys, SampleBytes, [], blob);
        Assert.Equal(BeaconRefusal.NoKeyOpens, Beacon.Decode(blob, Keys, out _));
    }

    [Fact]
    public void Keys_that_differ_or_are_missing_are_told_apart()
    {
        Assert.Equal(BeaconRefusal.NoKeyOpens, Beacon.Decode(Sample.Encode(Keys), new Keyring(KeyringTests.Key(2)), out _));
        Assert.Equal(BeaconRefusal.SealedWithoutKey, Beacon.Decode(Sample.Encode(Keys), null, out _));
        Assert.Equal(BeaconRefusal.NotSealed, Beacon.Decode(SampleBytes, Keys, out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData("c1")]
    [InlineData("82 a1'v'01 a1'n'c3")]
    [InlineData("84 a1'a'a40a000001 a1'n'a0 a1'p'01 a1'v'01")]
    [InlineData("84 a1'a'a30a0000 a1'n'a1'x' a1'p'01 a1'v'01")]
    [InlineData("84 a1'a'c0 a1'n'a1'x' a1'p'01 a1'v'01")]
    [InlineData("84 a1'a'a40a000001 a1'n'a1'x' a1'p'00 a1'v'01")]
    internal void What_cannot_be_a_beacon_is_unreadable(string bytes) =>
        Assert.Equal(BeaconRefusal.Unreadable, Beacon.Decode(Bytes(bytes), null, out _));

    [Fact]
    public void Unknown_fields_are_skipped_and_other_versions_refused()
    {
        Assert.Equal(BeaconRefusal.None, Beacon.Decode([0x87, .. Bytes("a1'z'930102c0"), .. SampleBytes[1..]], null, out Beacon read));
        Assert.Equal(Sample, read);
        Assert.Equal(BeaconRefusal.OtherVersion, Beacon.Decode([.. SampleBytes[..^1], 2], null, out _));
    }

    [Fact]
    public void A_beacon_has_at_most_1400_bytes()
    {
        Assert.Equal(BeaconRefusal.TooLong, Beacon.Decode(new byte[1_401], null, out _));
        Beacon wordy = Sample with { Name = new string('x', 1_400) };
        Assert.Contains("shorter name", Assert.Throws<InvalidOperationException>(() => wordy.Encode(null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_reason_has_words_of_its_own()
    {
        BeaconRefusal[] refusals = Enum.GetValues<BeaconRefusal>();
        Assert.Equal(refusals.Length, refusals.Select(BeaconRefusals.Describe).Distinct().Count());
    }
}
