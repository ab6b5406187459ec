using Tidegate.Gateway.Security;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>Passwords of which only hashes are kept.</summary>
public sealed class PasswordHashTests
{
    [Fact]
    public void A_hash_reads_back_and_knows_its_password_alone()
    {
        PasswordHash made = PasswordHash.Create("grüße", iterations: 100);

        Assert.True(PasswordHash.TryParse(made.ToString(), out PasswordHash? read));
        Assert.Equal(made.ToString(), read.ToString());
        Assert.Matches("^\\$pbkdf2-sha256\\$i=100\\$[A-Za-z0-9+/]{22}\\$[A-Za-z0-9+/]{43}$", made.ToString());
        Assert.True(read.IsOf("grüße"));
        Assert.False(read.IsOf("gruesse"));
        Assert.NotEqual(made.ToString(), PasswordHash.Create("grüße", iterations: 100).ToString());
    }

    // Made by another implementation of PBKDF2-HMAC-SHA-256 (RFC 8018), which agrees with the test vectors of RFC 7914, section 11.
    [Fact]
    public void It_is_the_function_that_the_standard_has()
    {
        Assert.True(PasswordHash.TryParse("$pbkdf2-sha256$i=80000$TmFDbC1hbmQtbW9yZS1vZi1pdA$cZdvk0vZqsMpsgMLb8vm2K6WGkUC/0P6Lpzim2EX5is", out PasswordHash? hash));
        Assert.True(hash.IsOf("Password"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("welcome")]
    [InlineData("$pbkdf2-sha256$i=1000")]
    [InlineData("$pbkdf2-sha256$i=0$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("$pbkdf2-sha256$i=10000001$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("$pbkdf2-sha256$i=-1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("$pbkdf2-sha256$i=1000$c2Fs$AAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("$pbkdf2-sha256$i=1000$c2FsdHNhbHQ$AAAA")]
    [InlineData("$pbkdf2-sha256$i=1000$c2FsdHNhbHQ$!!!!AAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("$pbkdf2-sha256$i=1000$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAA$more")]
    public void What_is_no_hash_is_not_read_as_one(string text) => Assert.False(PasswordHash.TryParse(text, out _));
}
