using Tidegate.Membership.Security;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Security;

public sealed class SealingTests
{
    private static readonly byte[] Plain = "the tide is coming in"u8.ToArray();
    private static readonly byte[] Associated = "label"u8.ToArray();

    /// <summary>Test case 4 of the GCM submission (McGrew and Viega, annex B): a key, a nonce and a tag that nobody here made.</summary>
    [Fact]
    public void Opens_the_published_test_vector_of_GCM()
    {
        Keyring keyring = new(new SealingKey(Bytes("feffe9928665731c6d6a8f9467308308")));
        byte[] plain = Bytes(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
            + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
        byte[] blob = Bytes(
            "01 cafebabefacedbaddecaf888"
            + "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
            + "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
            + "5bc94fbc3221a5db94fae95ae7121a47");
        Assert.Equal(plain, Opened(keyring, blob, Bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2")));
    }

    [Theory]
    [InlineData(16)]
    [InlineData(24)]
    [InlineData(32)]
    public void What_is_sealed_is_opened_by_the_same_key(int length)
    {
        Keyring keyring = new(KeyringTests.Key(7, length));
        Assert.Equal(Plain, Opened(keyring, Sealed(keyring, Plain), Associated));
    }

    [Fact]
    public void The_first_key_seals_and_every_key_opens()
    {
        Keyring old = new(KeyringTests.Key(1));
        Keyring both = new(KeyringTests.Key(2), KeyringTests.Key(1));
        Keyring recent = new(KeyringTests.Key(2));
        Assert.Equal(Plain, Opened(both, Sealed(old, Plain), Associated));
        Assert.Equal(Plain, Opened(recent, Sealed(both, Plain), Associated));
        Assert.Equal(SealFailure.NoKeyOpens, Failure(old, Sealed(both, Plain), Associated));
    }

    [Fact]
    public void What_no_key_opens_makes_no_garbage_and_shows_no_bytes()
    {
        Keyring keyring = new(KeyringTests.Key(1), KeyringTests.Key(2));
        byte[] blob = Sealed(new Keyring(KeyringTests.Key(3)), new byte[1_200]);
        byte[] plain = new byte[blob.Length];

        // An exception is an object. The first tries make what is made once.
        long least = long.MaxValue;
        for (int i = 0; i < 50; i++)
        {
            Array.Fill(plain, (byte)0xee);
            long before = GC.GetAllocatedBytesForCurrentThread();
            SealFailure failure = Sealing.Open(keyring, blob, Associated, plain, out _);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.Equal(SealFailure.NoKeyOpens, failure);
            Assert.DoesNotContain(plain.AsSpan(0, 1_200).ToArray(), value => value != 0);
        }

        Assert.Equal(0, least);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(200_000)]
    public void Packets_and_longer_messages_are_opened_or_refused_alike(int length)
    {
        Keyring keyring = new(KeyringTests.Key(1), KeyringTests.Key(2));
        byte[] plain = new byte[length];
        new Random(length).NextBytes(plain);
        byte[] blob = Sealed(new Keyring(KeyringTests.Key(2)), plain);
        Assert.Equal(plain, Opened(keyring, blob, Associated));
        blob[^1] ^= 1;
        Assert.Equal(SealFailure.NoKeyOpens, Failure(keyring, blob, Associated));
    }

    [Fact]
    public void No_two_nonces_are_the_same()
    {
        Keyring keyring = new(KeyringTests.Key(1));
        HashSet<string> nonces = [];
        for (int i = 0; i < 1000; i++)
        {
            Assert.True(nonces.Add(Convert.ToHexString(Sealed(keyring, Plain).AsSpan(1, Sealing.NonceLength))));
        }
    }

    [Fact]
    public void Every_altered_byte_and_other_associated_data_is_noticed()
    {
        Keyring keyring = new(KeyringTests.Key(1));
        byte[] blob = Sealed(keyring, Plain);
        for (int i = 0; i < blob.Length; i++)
        {
            byte[] altered = [.. blob];
            altered[i] ^= 0x40;
            Assert.NotEqual(SealFailure.None, Failure(keyring, altered, Associated));
        }

        Assert.Equal(SealFailure.NoKeyOpens, Failure(keyring, blob, []));
    }

    [Fact]
    public void What_is_not_sealed_says_so()
    {
        Keyring keyring = new(KeyringTests.Key(1));
        Assert.Equal(SealFailure.TooShort, Failure(keyring, [], []));
        Assert.Equal(SealFailure.TooShort, Failure(keyring, Sealed(keyring, [])[..^1], Associated));
        Assert.Equal(SealFailure.UnknownVersion, Failure(keyring, [2, .. new byte[40]], []));
    }

    [Theory]
    [InlineData(0, 16)]
    [InlineData(1, 15)]
    [InlineData(15, 1)]
    [InlineData(16, 16)]
    public void Version_0_is_opened_and_its_padding_taken_off(int length, int padding)
    {
        byte[] plain = new byte[length];
        byte[] blob = SealedAsVersion0([.. plain, .. Enumerable.Repeat((byte)padding, padding)]);
        Assert.Equal(plain, Opened(new Keyring(KeyringTests.Key(1)), blob, Associated));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("11111111111111111111111111111111111111")]
    [InlineData("01020302")]
    [InlineData("0303")]
    public void Version_0_with_impossible_padding_is_refused(string padded) =>
        Assert.Equal(SealFailure.BadPadding, Failure(new Keyring(KeyringTests.Key(1)), SealedAsVersion0(Bytes(padded)), Associated));

    // The versions differ in the padding and the first byte only, which the tag does not cover.
    private static byte[] SealedAsVersion0(byte[] padded)
    {
        byte[] blob = Sealed(new Keyring(KeyringTests.Key(1)), padded);
        blob[0] = 0;
        return blob;
    }

    private static byte[] Sealed(Keyring keyring, byte[] plain)
    {
        byte[] blob = new byte[plain.Length + Sealing.Overhead];
        Sealing.Seal(keyring, plain, Associated, blob);
        Assert.Equal(1, blob[0]);
        return blob;
    }

    private static byte[] Opened(Keyring keyring, byte[] blob, byte[] associated)
    {
        byte[] plain = new byte[blob.Length];
        Assert.Equal(SealFailure.None, Sealing.Open(keyring, blob, associated, plain, out int length));
        return plain[..length];
    }

    private static SealFailure Failure(Keyring keyring, byte[] blob, byte[] associated) =>
        Sealing.Open(keyring, blob, associated, new byte[blob.Length], out _);
}
