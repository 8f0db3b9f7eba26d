# A key and a certificate for a year, and the file with both that certificate_path names.
umask 077
openssl req -x509 -newkey rsa:3072 -nodes -days 365 -subj "/CN=cpp-release" -keyout key.pem -out certificate.pem
cat key.pem certificate.pem > cpp-release.pem
