using System.Formats.Asn1;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Security.Ldap;

namespace Tidegate.Gateway.Tests.Security.Ldap;

/// <summary>Filters: RFC 4515 as text, RFC 4511 as bytes.</summary>
public sealed class LdapFilterTests
{
    [Theory]
    [InlineData("(uid=joe)", "A3 0A 04 03 75 69 64 04 03 6A 6F 65")]
    [InlineData("uid=joe", "A3 0A 04 03 75 69 64 04 03 6A 6F 65")]
    [InlineData("(uid={U})", "A3 0A 04 03 75 69 64 04 03 2A 29 28")]
    [InlineData("(uid=\\2a\\c5\\be)", "A3 0A 04 03 75 69 64 04 03 2A C5 BE")]
    [InlineData("(a=)", "A3 05 04 01 61 04 00")]
    [InlineData("(a>=1)", "A5 06 04 01 61 04 01 31")]
    [InlineData("(a<=1)", "A6 06 04 01 61 04 01 31")]
    [InlineData("(a~=1)", "A8 06 04 01 61 04 01 31")]
    [InlineData("(a=*)", "87 01 61")]
    [InlineData("(a=b*)", "A4 08 04 01 61 30 03 80 01 62")]
    [InlineData("(a=*b)", "A4 08 04 01 61 30 03 82 01 62")]
    [InlineData("(a=b*c*d)", "A4 0E 04 01 61 30 09 80 01 62 81 01 63 82 01 64")]
    [InlineData("(a=*{U}*)", "A4 0A 04 01 61 30 05 81 03 2A 29 28")]
    [InlineData("(!(a=1))", "A2 08 A3 06 04 01 61 04 01 31")]
    [InlineData("(&(a=1)\n  (|(b=*)(c=*)))", "A0 10 A3 06 04 01 61 04 01 31 A1 06 87 01 62 87 01 63")]
    [InlineData("(a:dn:2.4:=1)", "A9 0E 81 03 32 2E 34 82 01 61 83 01 31 84 01 FF")]
    [InlineData("(a:=1)", "A9 06 82 01 61 83 01 31")]
    public void A_filter_is_written_as_directories_want_it(string text, string bytes)
    {

        var filter = LdapFilter.Parse(text, "U");

        Assert.Equal(bytes, string.Join(' ', Encode(filter, "*)(").Select(b => b.ToString("X2", null))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("(")]
    [InlineData("()")]
    [InlineData("(uid)")]
    [InlineData("(=joe)")]
    [InlineData("(uid=joe")]
    [InlineData("(uid=joe))")]
    [InlineData("(uid=joe)(uid=jane)")]
    [InlineData("(uid=jo(e)")]
    [InlineData("(uid=\\2)")]
    [InlineData("(uid=\\zz)")]
    [InlineData("(u d=joe)")]
    [InlineData("(&)")]
    [InlineData("(!)")]
    [InlineData("(!(a=1)(b=2))")]
    [InlineData("(a=**)x")]
    [InlineData("(a>1)")]
    [InlineData("(a>=*)")]
    [InlineData("(:=1)")]
    [InlineData("(a:b:c:=1)")]
    [InlineData("(a:b)")]
    [InlineData("({U}=joe)")]
    public void What_is_no_filter_is_refused(string text) => Assert.Throws<FormatException>(() => LdapFilter.Parse(text, "U"));

    [Fact]
    public void Parentheses_without_end_are_refused_and_do_no_harm() =>
        Assert.Throws<FormatException>(() => LdapFilter.Parse(string.Concat(Enumerable.Repeat("(!", 100_000)), "U"));

    [Fact]
    public void Whatever_is_put_into_a_place_is_the_value_that_is_looked_for() =>
        Prop.ForAll<NonNull<string>>(typed =>
        {
            AsnReader item = new AsnReader(Encode(LdapFilter.Parse("(uid={U})", "U"), typed.Get), AsnEncodingRules.BER).ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 3, true));
            Assert.Equal("uid", Encoding.UTF8.GetString(item.ReadOctetString()));
            Assert.Equal(Encoding.UTF8.GetBytes(typed.Get), item.ReadOctetString());
            item.ThrowIfNotEmpty();
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("(uid={U})", "uid")]
    [InlineData("(&(objectClass=person)(|(mail={U})(uid={U})))", "mail")]
    [InlineData("(uid={U}*)", null)]
    [InlineData("(uid=x{U})", null)]
    [InlineData("(!(uid={U}))", null)]
    public void The_attribute_that_holds_the_name_is_found(string text, string? attribute) => Assert.Equal(attribute, LdapFilter.Parse(text, "U").AttributeFor("U"));

    [Theory]
    [InlineData("joe", "joe")]
    [InlineData("Smith, Jim", "Smith\\, Jim")]
    [InlineData("a+b=c", "a\\+b=c")]
    [InlineData("#1 \"<;>\\", "\\#1 \\\"\\<\\;\\>\\\\")]
    [InlineData(" x ", "\\ x\\ ")]
    [InlineData(" ", "\\ ")]
    [InlineData("a\0b\nc", "a\\00b\\0ac")]
    [InlineData("Žofie", "Žofie")]
    public void What_is_typed_is_one_value_of_a_name(string typed, string escaped) => Assert.Equal(escaped, DistinguishedName.Escape(typed));

    [Theory]
    [InlineData("ldap://ldap.example.com/ou=people,dc=example,dc=com", "ldap.example.com", null, false, "ou=people,dc=example,dc=com")]
    [InlineData("LDAPS://h:1636", "h", 1636, true, "")]
    [InlineData("ldap://[::1]:389/o=A%20B", "::1", 389, false, "o=A B")]
    public void An_address_says_where_the_directory_is_and_where_in_it_users_are(string text, string host, int? port, bool isSecure, string name) =>
        Assert.Equal(new LdapUrl(host, port, isSecure, name), LdapUrl.Parse(text));

    private static byte[] Encode(LdapFilter filter, string typed)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        filter.Write(writer, new Dictionary<string, string> { ["U"] = typed });
        return writer.Encode();
    }
}
