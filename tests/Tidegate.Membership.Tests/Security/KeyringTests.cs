using Tidegate.Membership.Security;

namespace Tidegate.Membership.Tests.Security;

public sealed class KeyringTests
{
    private static readonly SealingKey First = Key(1);
    private static readonly SealingKey Second = Key(2);

    [Theory]
    [InlineData(16)]
    [InlineData(24)]
    [InlineData(32)]
    public void A_key_of_each_length_is_read_from_base64(int length)
    {
        byte[] bytes = [.. Enumerable.Range(0, length).Select(i => (byte)i)];
        Assert.Equal(bytes, SealingKey.Parse(Convert.ToBase64String(bytes)).Bytes);
    }

    [Theory]
    [InlineData("", "holds 0")]
    [InlineData("c2hvcnQ=", "holds 5")]
    [InlineData("not base64!", "not base64")]
    public void Text_that_is_no_key_is_refused_with_what_a_key_is(string text, string what)
    {
        FormatException exception = Assert.Throws<FormatException>(() => SealingKey.Parse(text));
        Assert.Contains(what, exception.Message, StringComparison.Ordinal);
        Assert.Contains("16, 24 or 32 bytes in base64", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("c2hvcnQ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_does_not_show_itself_in_text() => Assert.Equal("a key of 16 bytes", First.ToString());

    [Fact]
    public void Keys_are_installed_used_and_removed()
    {
        Keyring keyring = new(First);
        Assert.True(keyring.TryInstall(Second, out _));
        Assert.Equal([First, Second], keyring.Keys.ToArray());
        Assert.Equal(First, keyring.Primary);
        Assert.True(keyring.TryUse(Key(2), out _));
        Assert.Equal([Second, First], keyring.Keys.ToArray());
        Assert.True(keyring.TryRemove(First, out _));
        Assert.Equal([Second], keyring.Keys.ToArray());
    }

    [Fact]
    public void All_keys_are_replaced_at_once_and_never_by_none_or_too_many()
    {
        Keyring keyring = new(First);
        keyring.Replace([Second, First, Key(2)]);
        Assert.Equal([Second, First], keyring.Keys.ToArray());

        Assert.Throws<ArgumentException>(() => keyring.Replace([]));
        Assert.Throws<ArgumentException>(() => keyring.Replace(Enumerable.Range(1, 17).Select(i => Key((byte)i))));
        Assert.Equal([Second, First], keyring.Keys.ToArray());
    }

    [Fact]
    public void Installing_a_known_key_and_removing_an_unknown_one_succeed()
    {
        Keyring keyring = new(First);
        Assert.True(keyring.TryInstall(Key(1), out _));
        Assert.True(keyring.TryRemove(Second, out _));
        Assert.Equal([First], keyring.Keys.ToArray());
    }

    [Fact]
    public void Using_an_unknown_key_and_removing_the_primary_say_what_to_do()
    {
        Keyring keyring = new(First);
        Assert.False(keyring.TryUse(Second, out string? use));
        Assert.Contains("Install it", use, StringComparison.Ordinal);
        Assert.False(keyring.TryRemove(First, out string? remove));
        Assert.Contains("Use another", remove, StringComparison.Ordinal);
        Assert.Equal([First], keyring.Keys.ToArray());
    }

    [Fact]
    public void The_number_of_keys_is_bounded()
    {
        Keyring keyring = new(First);
        for (byte i = 2; i <= Keyring.MaximumKeys; i++)
        {
            Assert.True(keyring.TryInstall(Key(i), out _));
        }

        Assert.False(keyring.TryInstall(Key(200), out string? error));
        Assert.Contains("Remove one", error, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new Keyring());
    }

    [Fact]
    public void A_snapshot_stays_as_it_was()
    {
        Keyring keyring = new(First);
        IEnumerable<SealingKey> before = keyring.Keys;
        Assert.True(keyring.TryInstall(Second, out _));
        Assert.Single(before);
    }

    internal static SealingKey Key(byte value, int length = 16) => new(Enumerable.Repeat(value, length).ToArray());
}
