using FsCheck;
using FsCheck.Fluent;
using Tidegate.Gateway.Addressing;

namespace Tidegate.Gateway.Tests.Addressing;

/// <summary>What holds for any address.</summary>
public sealed class AddressProperties
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyz0123456789";

    private static readonly Gen<string> s_name =
        from labels in TextOf(Letters + "_", 1, 20).NonEmptyListOf()
        let name = string.Join('.', labels.Take(6))
        // Digits alone are an IPv4 address, or a mistake.
        select name.All(c => char.IsAsciiDigit(c) || c == '.') ? "n" + name : name;

    private static readonly Gen<string> s_v4 =
        from octets in Gen.Choose(0, 255).ArrayOf(4)
        select string.Join('.', octets);

    private static readonly Gen<string> s_v6 =
        from groups in Gen.Frequency((2, Gen.Constant(0)), (1, Gen.Choose(0, 65535))).ArrayOf(8)
        from scope in Gen.Frequency((3, Gen.Constant("")), (1, from number in Gen.Choose(0, 300) select $"%{number}"))
        select $"[{string.Join(':', groups.Select(group => $"{group:x}"))}{scope}]";

    private static readonly Gen<string> s_interface =
        from name in Gen.OneOf(TextOf(Letters + "-_.", 1, 15), TextOf(Letters + "ÄÖ :/?#@&%'()*+,;=!<>\"", 1, 40))
        where name.Trim().Length > 0
        from inBrackets in Gen.Elements(true, false)
        select !inBrackets && name.All(InterfaceName.IsPlain) ? $"@{name}" : $"[@{name}]";

    private static readonly Gen<string> s_path =
        from segments in Gen.OneOf(TextOf(Letters + "-._~!$&'()*+,=:@", 0, 12), Gen.Elements("%20", "%2F", "a%C3%A4")).ListOf()
        select string.Concat(segments.Where(segment => segment is not ("." or "..")).Take(6).Select(segment => "/" + segment));

    [Fact]
    public void Any_uri_that_is_read_is_printed_so_that_it_reads_back_equal()
    {
        Gen<(string Text, UriUse Use)> uris =
            from use in Gen.Elements(UriUse.Accept, UriUse.Connect)
            from scheme in Gen.Elements("http", "https", "ssl", "tls", "tcp", "ws", "wss", "WS", "wse+ssl", "pipe")
            from host in use == UriUse.Accept ? Gen.OneOf(s_name, s_v4, s_v6, s_interface, Gen.Constant("*")) : Gen.OneOf(s_name, s_v4, s_v6)
            from port in Gen.Choose(use == UriUse.Accept ? 0 : 1, 65535)
            from writesPort in Gen.Elements(true, false)
            from path in s_path
            from query in Gen.Elements("", "?", "?a=1&b=%2F?")
            from name in s_name
            let takesPath = UriScheme.Find(scheme)!.TakesPath
            select scheme == "pipe" ? ($"pipe://{name}", use) : ($"{scheme}://{host}{(writesPort || !takesPath ? $":{port}" : "")}{(takesPath ? path : "")}{(takesPath && use == UriUse.Connect ? query : "")}", use);

        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(3000),
            Prop.ForAll(uris.ToArbitrary(), uri =>
            {
                GatewayUri read = GatewayUri.Parse(uri.Text, uri.Use);
                return read == GatewayUri.Parse(read.ToString(), uri.Use);
            }));
    }

    [Fact]
    public void Any_bind_address_that_is_read_is_printed_so_that_it_reads_back_equal()
    {
        Gen<string> binds =
            from host in Gen.OneOf(s_name, s_v4, s_v6, s_interface, Gen.Constant("*"), Gen.Constant(""))
            from port in Gen.Choose(0, 65535)
            select host.Length == 0 ? $"{port}" : $"{host}:{port}";

        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(3000),
            Prop.ForAll(binds.ToArbitrary(), text =>
                BindAddress.TryParse(text, out BindAddress? read, out _)
                && BindAddress.TryParse(read.ToString(), out BindAddress? again, out _)
                && read == again));
    }

    [Fact]
    public void Any_text_at_all_is_read_or_refused_with_a_reason()
    {
        Gen<string> texts =
            from scheme in Gen.Elements("ws://", "tcp://", "", "x")
            from rest in TextOf("[]@:/?#%*.;0129abfeth \n\0ä%25", 0, 30)
            select scheme + rest;

        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(5000),
            Prop.ForAll(texts.ToArbitrary(), text =>
                GatewayUri.TryParse(text, UriUse.Accept, out GatewayUri? uri, out TextFault? fault)
                    ? GatewayUri.Parse(uri.ToString(), UriUse.Accept) == uri
                    : fault.Problem.Length > 0 && fault.Cure.Length > 0));
    }

    private static Gen<string> TextOf(string characters, int shortest, int longest) =>
        from length in Gen.Choose(shortest, longest)
        from text in Gen.Elements(characters.ToCharArray()).ArrayOf(length)
        select new string(text);
}
